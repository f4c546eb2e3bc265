"""A mistake of attnprof's own is exit code 70 and one line to report; what the machine refuses is exit code 4."""

import errno
import re

import click
import pytest

from attnprof.errors import CRASHED, ENVIRONMENT, UsageError
from tests.every_case import every_case

OURS = [
    ValueError("bad\nnews \x1b[2J"), KeyError("x"), AssertionError(), RecursionError("too deep"), ZeroDivisionError(),
    ImportError("cannot import name 'x'", name="attnprof.cli._list"), NotImplementedError(), UnicodeError("no"),
]  # fmt: skip
MACHINES = [
    (MemoryError(), "not enough memory"),
    (OSError(errno.ENOSPC, "No space left on device"), "no space left on device"),
    (OSError(errno.EMFILE, "Too many open files", "/x/\x1by"), r"too many open files: /x/\x1by"),
    (OSError(errno.EIO, "Input/output error"), "input/output error"),
    (OSError("nothing to say"), "nothing to say"),
    (
        ImportError("libx.so: failed to map segment", name="x"),
        "cannot import x: libx.so: failed to map segment",
    ),
    (ImportError("liby.so: failed to map segment"), "liby.so: failed to map segment"),
    (ModuleNotFoundError("No module named 'y'", name="y"), "cannot import y: No module named 'y'"),
    (
        RuntimeError("can't start new thread"),
        "can't start new thread: not enough memory, or too many processes",
    ),
]


@pytest.fixture
def failing(cli, monkeypatch):
    """``attnprof list``, which fails with ``problem``."""

    def run(problem):
        def fail(*arguments, **options):
            raise problem

        monkeypatch.setattr("attnprof.cli._list.list_entries", fail)
        return cli("list")

    return run


def test_a_crash_is_exit_code_70_and_one_line_that_says_what_to_report(failing):
    assert CRASHED == 70
    with every_case() as case:
        for problem in OURS:
            with case(repr(problem)):
                said = failing(problem)
                assert (said.code, said.out) == (CRASHED, "")
                assert re.fullmatch(r"error: attnprof crashed: [ -~]+\n", said.err)
                assert type(problem).__name__ in said.err
                assert all(
                    word in said.err for word in ("attnprof --version", "the command", "ATTNPROF_DEBUG=1")
                )


def test_the_line_of_a_crash_has_its_message(failing):
    assert r"ValueError: bad\nnews \x1b[2J" in failing(OURS[0]).err


def test_debugging_adds_the_traceback_and_keeps_the_exit_code(failing, monkeypatch):
    monkeypatch.setenv("ATTNPROF_DEBUG", "1")
    for problem, code in [
        (ValueError("no"), CRASHED),
        (UsageError("no"), 2),
        (MemoryError(), 4),
        (click.UsageError("no"), 2),
    ]:
        said = failing(problem)
        assert said.code == code
        assert said.err.startswith("Traceback (most recent call last):\n")
        assert said.err.splitlines()[-1].startswith("error: ")


def test_what_the_machine_refuses_is_exit_code_4_and_one_line(failing):
    with every_case() as case:
        for problem, says in MACHINES:
            with case(repr(problem)):
                said = failing(problem)
                assert (said.code, said.out, said.err) == (ENVIRONMENT, "", f"error: {says}\n")


def test_an_import_that_fails_is_told_by_its_cause(failing):
    cause = ImportError("libx.so: failed to map segment")
    problem = ImportError("IMPORTANT\n\nmany lines\n", name="numpy")
    problem.__cause__ = cause
    assert failing(problem).err == "error: cannot import numpy: libx.so: failed to map segment\n"

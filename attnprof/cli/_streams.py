"""stdout and stderr: whatever a command prints passes here.

No text of a folder, a path or a message acts on the terminal, and what the encoding lacks is replaced.
"""

import codecs
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import Any

from attnprof.errors import DamagedRecord, EnvironmentProblem
from attnprof.records.characters import ascii_of, printable, printable_lines

REPLACING = "attnprof.replacing"  # how a stream encodes what its encoding lacks


def show(text: str, styles: bool = False) -> None:
    """Print lines to stdout. styles: the text has sequences for colours, which are our own."""
    sys.stdout.write(f"{printable_lines(text, styles)}\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """Print one line to stderr."""
    sys.stderr.write(f"{printable(text)}\n")
    sys.stderr.flush()


@contextmanager
def lost_records_told() -> Iterator[None]:
    """A damaged line of a run's journal is a line on stderr, as any other word to the user."""
    with warnings.catch_warnings():
        show_other = warnings.showwarning

        def tell(message: Warning | str, category: type[Warning], *more: Any, **named: Any) -> None:
            if issubclass(category, DamagedRecord):
                say(str(message))
            else:
                show_other(message, category, *more, **named)

        warnings.showwarning = tell
        warnings.simplefilter("always", DamagedRecord)
        yield


def prepare_streams() -> None:
    """Make the streams replace what their encoding lacks.

    Raises EnvironmentProblem where stdout or stderr is closed: the next file that is opened would take its
    number, and receive what was meant for the user.
    """
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 # open until the process ends
    if sys.stderr is None:
        sys.stderr = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 # the one place for the line
        raise EnvironmentProblem("standard error is closed; 2>/dev/null discards what is printed there")
    if sys.stdout is None:
        raise EnvironmentProblem("standard output is closed; >/dev/null discards what is printed there")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=REPLACING)


def discard_unwritten() -> None:
    """Empty the streams. Where one takes no more, discard the rest: Python would complain when it ends."""
    for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
        if stream is None:
            continue
        try:
            stream.flush()
        except OSError:
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
                stream.flush()


def _replacement(problem: UnicodeError) -> tuple[str, int]:
    """What stands for the characters that cannot be encoded, and where to go on."""
    assert isinstance(problem, UnicodeEncodeError)
    return ascii_of(problem.object[problem.start : problem.end]), problem.end


codecs.register_error(REPLACING, _replacement)

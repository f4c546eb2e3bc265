"""The campaign's own workings: its inputs can be had again, reach every option, and no fault passes as none."""

from pathlib import Path
from random import Random

import pytest

from attnprof.cli import COMMANDS
from tests.faults import commands, folders, sheets, specs
from tests.faults.arena import RUN, SHEET, Arena, Link
from tests.faults.trial import Input, Outcome, faults, run

FILES = {
    f"here/{SHEET}": b"schema,module,channels\n7,se,16\n7,cbam,32\n",
    f"here/{RUN}/spec.toml": b"[grid]\n",
    f"here/{RUN}/environment.json": b'{"device": "cpu"}',
    f"here/{RUN}/records.jsonl": b'{"event": "done"}\n{"event": "account"}\n',
}
REFUSED = Input(("run", "--res", "0"))
ONE_LINE = Outcome(2, "", "error: --res: 0 is not a size\n")


@pytest.fixture
def arena(tmp_path):
    place = Arena(tmp_path)
    place.furnish({"spec.toml": b"[grid]\n", "folder/file": b"1"})
    return place


@pytest.mark.parametrize("kind", [commands, specs, folders, sheets])
def test_an_input_is_the_same_whenever_its_number_is_drawn(kind):
    drawn = [[kind.draw(Random(f"7-{number}"), FILES) for number in range(50)] for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert len({each.arguments for each in drawn[0]}) > 10


def test_command_lines_reach_every_command_and_every_option_that_click_knows():
    lines = [commands.draw(Random(f"1-{number}"), FILES).arguments for number in range(6000)]
    for name in COMMANDS.names():
        words = {word.partition("=")[0] for line in lines if name in line for word in line}
        options = {
            option.opts[-1] for option in COMMANDS.get(name).params if option.param_type_name == "option"
        }
        assert options <= words, name


def test_a_mistake_of_one_line_is_no_fault():
    assert faults(REFUSED, ONE_LINE) == []
    several = Outcome(
        2, "", "--res: 0 is not a size\n--batch: 0 is not a batch\n2 problems, nothing was measured.\n"
    )
    assert faults(REFUSED, several) == []


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(None, "", "", crash="ValueError at units.py:1 in show"),
        Outcome(70, "", "error: a crash\n"),
        Outcome(2, "", "Traceback (most recent call last):\n"),
        Outcome(2, "", "error: one\nerror: two\n"),
        Outcome(2, "", "error: one\ntwo\n3 problems, nothing was measured.\n"),
        Outcome(2, "", ""),
        Outcome(2, "a table", "error: no\n"),
        Outcome(2, "", "error: \x1b[31m\n"),
        Outcome(0, "a\x1b]52;c;aGk=\x07", ""),
        Outcome(0, "", "x.py:1: UserWarning: no\n  line\n"),
        Outcome(2, "", "error: no\n", changes=frozenset(["here/new"])),
        Outcome(0, "", "", writes_elsewhere=("open '/x'",)),
    ],
    ids=repr,
)
def test_every_fault_has_a_name(outcome):
    assert len(faults(REFUSED, outcome)) >= 1


def test_a_command_that_only_reads_may_change_no_file():
    changed = Outcome(0, "", "", changes=frozenset(["here/new"]))
    assert faults(Input(("list",)), changed)
    assert faults(Input(("table", RUN)), changed)
    assert not faults(Input(("table", RUN, "-o", "new")), changed)


def test_what_an_input_does_to_the_files_is_seen_and_undone(arena, monkeypatch):
    def main(arguments):
        Path("spec.toml").write_text("[other]\n")
        Path("folder/file").unlink()
        Path("new").mkdir()
        Path("new/link").symlink_to("..")
        return 0

    monkeypatch.setattr("tests.faults.trial.main", main)
    before = arena.snapshot()
    outcome = run(arena, Input(("run",), files={"mine.toml": b"", "a": Link("b")}))
    assert outcome.changes == {"here/spec.toml", "here/folder/file", "here/new", "here/new/link"}
    assert arena.snapshot().keys() == before.keys()
    assert (arena.here / "spec.toml").read_bytes() == b"[grid]\n"


def test_nothing_is_written_outside_of_the_arena_and_the_attempt_is_a_fault(
    arena, tmp_path_factory, monkeypatch
):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (arena.here / "link").symlink_to(elsewhere)

    def main(arguments):
        Path("link/new").write_text("")
        return 0

    monkeypatch.setattr("tests.faults.trial.main", main)
    outcome = run(arena, Input(("report", "link")))
    assert outcome.crash.startswith("PermissionError")
    assert list(elsewhere.iterdir()) == []
    assert outcome.writes_elsewhere


def test_an_input_that_takes_too_long_is_a_fault(arena, monkeypatch):
    def main(arguments):
        while True:
            pass

    monkeypatch.setattr("tests.faults.trial.main", main)
    monkeypatch.setattr("tests.faults.trial.SECONDS", 0.01)
    assert "Overdue" in run(arena, Input(("run",))).crash


def test_the_line_for_a_shell_has_every_word_in_it():
    tested = Input(("table", "a b", "\udcff'"), {"COLUMNS": "1"}, stdin=b"x", encoding="ascii")
    assert tested.shell == r"COLUMNS=1 PYTHONIOENCODING=ascii attnprof table 'a b' $'\xff\x27' < stdin"

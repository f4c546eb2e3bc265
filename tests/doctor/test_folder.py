"""What is wrong with a run folder is said by file and line, and mended in a copy."""

import json
import shutil

import pytest

from attnprof.doctor.folder import check_up, mend
from attnprof.errors import RunFolderError
from attnprof.records.journal import ENVIRONMENT, EVENTS, RESULTS, SPEC, environment_in, events_in
from attnprof.spec.file import recorded
from tests import synthetic

ASKED = {"modules": "se,eca", "channels": "16,64", "res": "7"}


@pytest.fixture
def folder(tmp_path):
    return synthetic.folder(tmp_path / "run", **ASKED)


def defects(folder):
    return [(defect.place, defect.problem, defect.mending) for defect in check_up(folder).defects]


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_nothing_is_wrong_with_a_run_as_it_was_written(folder):
    assert defects(folder) == []


def damaged_line(folder):
    lines = (folder / EVENTS).read_bytes().splitlines(keepends=True)
    (folder / EVENTS).write_bytes(b"".join([*lines[:2], lines[2][:40] + b"\n", *lines[3:]]))


def untrue_line(folder):
    text = (folder / EVENTS).read_text()
    (folder / EVENTS).write_text(
        text.replace('"metric":"latency","value":', '"metric":"latency","value":-', 1)
    )


def torn_line(folder):
    (folder / EVENTS).write_bytes((folder / EVENTS).read_bytes()[:-20])


def cut_environment(folder):
    text = (folder / ENVIRONMENT).read_text()
    (folder / ENVIRONMENT).write_text(text[: text.index('"device_name"') + 5])


def wrong_environment(folder):
    environment = json.loads((folder / ENVIRONMENT).read_text())
    (folder / ENVIRONMENT).write_text(json.dumps({**environment, "threads": "one"}))


def no_environment(folder):
    (folder / ENVIRONMENT).unlink()


def changed_spec(folder):
    (folder / SPEC).write_text("[grid]\n")


def cut_spec_of_an_old_run(folder):
    environment = json.loads((folder / ENVIRONMENT).read_text())
    del environment["spec"]
    (folder / ENVIRONMENT).write_text(json.dumps(environment))
    (folder / SPEC).write_text((folder / SPEC).read_text().rstrip()[:-3])


def no_spec(folder):
    (folder / SPEC).unlink()


def no_records(folder):
    (folder / EVENTS).unlink()


def linked(folder):
    (folder / EVENTS).rename(folder.parent / "elsewhere")
    (folder / EVENTS).symlink_to(folder.parent / "elsewhere")


def half_a_file(folder):
    (folder / ".0123456789abcdef.part").write_text("{")


def cut_table(folder):
    (folder / RESULTS).write_text("a,b\n1,2\n3")


def old_table(folder):
    (folder / RESULTS).write_text("a,b\n1,2\n")


LEFT_OUT = "left out; --resume measures what it held"
AS_BEFORE = "as environment.json has it"
DAMAGES = {
    damaged_line: [(f"{EVENTS}:3", "not a record", LEFT_OUT)],
    untrue_line: [(f"{EVENTS}:2", "measurements[0]: latency of -", LEFT_OUT)],
    torn_line: [(f"{EVENTS}:12", "cut off", LEFT_OUT)],
    cut_environment: [(ENVIRONMENT, "not a JSON object", "of its fields")],
    wrong_environment: [(ENVIRONMENT, "threads: expected int, got str", "of its fields")],
    no_environment: [(ENVIRONMENT, "holds no run: there is no environment.json", "2 of its fields")],
    changed_spec: [(SPEC, "is not what the run began with", AS_BEFORE)],
    cut_spec_of_an_old_run: [(SPEC, "not TOML", "lines; defaults for the rest")],
    no_spec: [(SPEC, "cannot read", AS_BEFORE)],
    no_records: [(EVENTS, "there is no records.jsonl", "empty; --resume measures every cell")],
    linked: [
        (EVENTS, "a symbolic link, which is not followed", "left out"),
        (EVENTS, "is a symbolic link", "empty"),
    ],
    half_a_file: [(".0123456789abcdef.part", "a file that was being written", "left out")],
    cut_table: [(RESULTS, "cut off, or no table", "left out; --resume writes it")],
    old_table: [(RESULTS, "1 rows, where the journal has 4 cells", "left out; --resume writes it")],
}


@pytest.mark.parametrize(
    ("damage", "says"), DAMAGES.items(), ids=lambda value: getattr(value, "__name__", "")
)
def test_each_damage_is_said_and_mended_in_a_copy(folder, damage, says):
    damage(folder)
    before = files(folder)
    outcomes = defects(folder)
    assert len(outcomes) == len(says)
    for outcome, expected in zip(outcomes, says, strict=True):
        assert outcome[0] == expected[0]
        assert expected[1] in outcome[1]
        assert expected[2] in outcome[2]
    copy = mend(check_up(folder))
    assert copy == folder.with_name("run-repaired")
    assert files(folder) == before
    assert defects(copy) == []
    environment_in(copy), events_in(copy), recorded(copy / SPEC)


def test_what_was_whole_is_in_the_copy_byte_by_byte(folder):
    lines = (folder / EVENTS).read_bytes().splitlines(keepends=True)
    lines[0] = lines[0].replace(b'{"event"', b'{"weather":"fine","event"')
    (folder / EVENTS).write_bytes(b"".join([*lines, b"{\n", lines[0]]))
    copy = mend(check_up(folder))
    assert (copy / EVENTS).read_bytes() == b"".join([*lines, lines[0]])
    assert (copy / SPEC).read_bytes() == (folder / SPEC).read_bytes()
    assert environment_in(copy) == environment_in(folder)


def test_what_a_cut_environment_still_says_is_kept(folder):
    cut_environment(folder)
    environment = environment_in(mend(check_up(folder)))
    assert (environment["run_id"], environment["device"], environment["threads"]) == (
        "0123456789ab",
        "cpu",
        1,
    )
    assert "device_name" not in environment


def test_a_copy_takes_no_other_folders_place(folder):
    damaged_line(folder)
    mend(check_up(folder))
    with pytest.raises(RunFolderError, match="run-repaired is there already"):
        mend(check_up(folder))


def test_a_folder_of_a_newer_schema_is_not_mended(folder):
    (folder / ENVIRONMENT).write_text('{"schema": 2,\n')
    with pytest.raises(RunFolderError, match="written under schema 2 by a newer attnprof"):
        check_up(folder)


def test_a_folder_without_a_run_has_nothing_to_mend(tmp_path, folder):
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(RunFolderError, match="holds no run"):
            check_up(path)
    shutil.rmtree(folder)

"""A run folder of which any file is cut off at any byte is finished by --resume, or one line says what mends it."""

import re
import shutil

import pytest

from attnprof.doctor.folder import check_up, mend
from attnprof.records.journal import ENVIRONMENT, EVENTS, RESULTS, SPEC, Journal, events_in
from tests.cli.test_resume import lines_of

COUNT = ["count", "-m", "se", "--points", "16@8", "--counters", "none", "-q", "-o", "out"]
MENDING = re.compile(r"error: out/[a-z.]+: .*: attnprof doctor out --repair\n|"
                     r"error: out/spec\.toml is not what the run began with: attnprof doctor out --repair\n")  # fmt: skip


@pytest.fixture
def finished(cli, tmp_path):
    assert cli(*COUNT).code == 0
    return tmp_path / "out"


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr("os.fsync", lambda file: None)


def cuts(path, step=1):
    """Cut ``path`` off at each of its bytes, or at some, and put it back."""
    whole = path.read_bytes()
    for size in range(0, len(whole), step):
        path.write_bytes(whole[:size])
        yield size
    path.write_bytes(whole)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def finishes(cli, folder):
    """Whether --resume finishes the run; where it does not, it says in one line what to do and changes nothing."""
    before = files(folder)
    ended = cli("run", "--resume", "out", "-q")
    if ended.code == 0:
        assert sorted(lines_of(folder)) == ["se@16"]
        return True
    assert (ended.code, ended.out) == (2, "")
    assert MENDING.fullmatch(ended.err), ended.err
    assert files(folder) == before
    return False


@pytest.mark.parametrize("name", [ENVIRONMENT, SPEC])
def test_a_cut_in_what_the_run_began_with_is_said_and_mended(cli, finished, name):
    whole = finished / name
    sizes = [size for size in cuts(whole) if finishes(cli, finished)]
    assert set(sizes) <= {whole.stat().st_size - 1}  # the last line break


def test_a_cut_in_the_journal_is_finished(cli, finished):
    path = finished / EVENTS
    whole = path.read_bytes()
    ends = [number + 1 for number, byte in enumerate(whole) if byte == ord("\n")]
    for size in {0, 1, *ends, *(end - 1 for end in ends), *(end - 60 for end in ends)}:
        path.write_bytes(whole[:size])
        assert finishes(cli, finished)


def test_a_journal_cut_at_any_byte_goes_on_behind_its_last_whole_line(finished):
    path = finished / EVENTS
    events = events_in(finished)
    for size in cuts(path):
        lines = path.read_bytes()[:size].count(b"\n")
        with Journal(finished) as journal:
            journal.append(events[-1])
        assert events_in(finished) == [*events[:lines], events[-1]]


def test_a_cut_in_the_table_is_written_anew(cli, finished):
    path = finished / RESULTS
    whole = path.read_bytes()
    for size in (0, 1, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert finishes(cli, finished)
        assert path.read_bytes() == whole


@pytest.mark.parametrize(("name", "step"), [(ENVIRONMENT, 1), (SPEC, 1), (EVENTS, 41), (RESULTS, 41)])
def test_the_copy_of_a_folder_with_a_cut_is_whole(finished, name, step):
    for _ in cuts(finished / name, step):
        checkup = check_up(finished)
        if checkup.defects:
            copy = mend(checkup)
            assert not check_up(copy).defects
            shutil.rmtree(copy)


@pytest.mark.parametrize(
    "command", ["table", "pick --max-params 1", "report", "merge out", "diff out", "plot"]
)
@pytest.mark.parametrize("name", [ENVIRONMENT, EVENTS])
def test_a_command_that_reads_a_damaged_folder_says_so_in_one_line(cli, finished, command, name):
    path = finished / name
    path.write_bytes(
        path.read_bytes()
        .replace(b'"threads": 0', b'"threads": -1')
        .replace(b'"params","value":', b'"params","value":-')
    )
    line = command.split()
    ended = cli(line[0], "out", *line[1:])
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"error: out/{name}:")
    assert ended.err.endswith(": attnprof doctor out --repair\n")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    "line", [["table", "out"], ["run", "--resume", "out"], ["merge", "out", "out", "-o", "two"]]
)
def test_a_line_that_is_lost_is_told_by_its_number(cli, finished, line):
    path = finished / EVENTS
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[1][:40] + b"\n", *lines[2:]]))
    ended = cli(*line)
    assert ended.code == 0
    assert "out/records.jsonl:2: not a record; this line is lost\n" in ended.err

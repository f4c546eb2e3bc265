"""A run that was killed, interrupted or stopped is continued: no finished cell is lost, none is measured
twice."""

import json
import signal
import time
from collections import Counter
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from attnprof.errors import EnvironmentProblem
from attnprof.records.journal import Journal
from tests.cli.conftest import Counting

# A module that waits on real tensors until a file says that it may go on. 'at-32' holds the pid of who waits.
WAITS = """\
gate = Path(os.environ["TEST_GATE"])
if not x.is_meta and not (gate / f"open-{x.shape[1]}").exists():
    (gate / "new").write_text(str(os.getpid()))
    (gate / "new").rename(gate / f"at-{x.shape[1]}")
    while not (gate / f"open-{x.shape[1]}").exists():
        time.sleep(0.01)"""
CELLS = 8  # se, eca, none, waits at 16 and then at 32 channels: two blocks, the cheaper one first
TORN = b'{"event":"done","key":"0123'


def until(holds, seconds=120):
    """Wait for something that will be so; fail where it never is."""
    last = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < last, "it never came to that"
        time.sleep(0.02)


def gone(pid):
    """Whether the process has ended, waited for by its parent or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def lines_of(folder, kind="done"):
    """Labels of the cells with an event of this kind, line by line."""
    events = [json.loads(line) for line in (folder / "records.jsonl").read_bytes().split(b"\n")[:-1]]
    names = {event["key"]: event["case"] for event in events if "case" in event}
    cases = [names[event["key"]] for event in events if event["event"] == kind]
    return [f"{case['module']}@{case['channels']}" for case in cases]


@pytest.fixture(scope="module")
def story(tmp_path_factory, plugin_package, module_source, start, command):
    """One run: killed, resumed and interrupted once, resumed and interrupted twice, resumed to its end, and
    again."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("needs /proc")
    root = tmp_path_factory.mktemp("story")
    gate = root / "gate"
    gate.mkdir()
    env = plugin_package(root / "plugins", {"attnprof.modules": {"waits": module_source(WAITS)}})
    env["TEST_GATE"] = str(gate)
    folder = root / "out"
    told = SimpleNamespace(folder=folder)

    @contextmanager
    def waiting(name, channels, *arguments):
        """A run that has come to the cell that waits; afterwards, how it ended."""
        at, said = gate / f"at-{channels}", SimpleNamespace()
        at.unlink(missing_ok=True)
        with open(root / f"{name}.out", "w+") as out, open(root / f"{name}.err", "w+") as err:
            process = start(*arguments, cwd=root, env=env, stdout=out, stderr=err)
            try:
                until(lambda: at.exists() or process.poll() is not None)
                assert process.poll() is None, Path(err.name).read_text()
                said.process, said.worker, said.err = process, int(at.read_text()), Path(err.name)
                yield said
                said.code = process.wait(timeout=120)
            finally:
                process.kill()
                process.wait()
        said.out, said.err = Path(out.name).read_text(), said.err.read_text()
        said.measured = lines_of(folder, "visit")

    asked = (  # no bound and no efficiency, which would seek the machine's peaks first
        "run -m none,waits,se,eca --channels 16,32 --res 8 --quality quick --time-budget 8s --counters none"
        " --metrics params,macs,latency -o out"
    )
    (gate / "open-16").touch()
    with waiting("killed", 32, *asked.split()) as told.killed:
        told.killed.process.send_signal(signal.SIGKILL)
    until(lambda: gone(told.killed.worker))
    with open(folder / "records.jsonl", "ab") as file:
        file.write(TORN)
    told.partial = command("table", "out", cwd=root, env=env)

    with waiting("once", 32, "run", "--resume", "out") as told.once:
        told.second = command("run", "--resume", "out", cwd=root, env=env)
        told.once.process.send_signal(signal.SIGINT)
        until(lambda: "stopping after the visit at hand" in told.once.err.read_text())
        (gate / "open-32").touch()

    (gate / "open-32").unlink()
    with waiting("twice", 32, "run", "--resume", "out") as told.twice:
        told.twice.process.send_signal(signal.SIGINT)
        until(lambda: "stopping after the visit at hand" in told.twice.err.read_text())
        told.twice.process.send_signal(signal.SIGINT)
    until(lambda: gone(told.twice.worker))

    (gate / "open-32").touch()
    told.last = command("run", "--resume", "out", cwd=root, env=env)
    told.files = {path.name: path.read_bytes() for path in folder.iterdir()}
    told.again = command("run", "--resume", "out", cwd=root, env=env)
    told.after = {path.name: path.read_bytes() for path in folder.iterdir()}
    return told


FIRST = ["eca@16", "none@16", "se@16", "waits@16"]


@pytest.mark.slow
class TestStory:
    def test_what_was_finished_before_the_kill_is_on_disk(self, story):
        assert story.killed.code == -signal.SIGKILL
        assert sorted(story.killed.measured) == FIRST

    def test_the_worker_of_a_killed_run_ends_by_itself(self, story):
        assert gone(story.killed.worker)

    def test_a_killed_run_can_be_looked_at(self, story):
        assert story.partial.returncode == 0
        rows = story.partial.stdout.split("\n\n")[1].splitlines()[1:]
        assert sorted(row.split()[0:2] for row in rows) == [["16", name.partition("@")[0]] for name in FIRST]

    def test_a_run_that_another_process_is_writing_is_not_resumed(self, story):
        assert (story.second.returncode, story.second.stdout) == (2, "")
        assert (
            story.second.stderr
            == "error: out is in use by another run; wait for it, or name another with -o\n"
        )

    def test_one_interrupt_ends_the_visit_at_hand_and_prints_the_table(self, story):
        assert story.once.code == 130
        assert story.once.measured[:4] == story.killed.measured
        rows = story.once.out.split("\n\n")[1].splitlines()[1:]
        assert len(rows) == len(story.once.measured)

    def test_an_interrupted_run_says_how_to_continue_it(self, story):
        done = len(story.once.measured)
        assert (
            f"stopped with figures of {done} of {CELLS} cells; kept. Continue: attnprof run --resume out\n"
            in story.once.err
        )
        assert "Traceback" not in story.once.err

    def test_a_second_interrupt_leaves_at_once_and_the_worker_with_it(self, story):
        assert story.twice.code == 130
        assert "waits@32" not in story.twice.measured
        assert story.twice.measured[:4] == story.killed.measured
        assert f"stopped with figures of {len(story.twice.measured)} of {CELLS} cells" in story.twice.err
        assert "Traceback" not in story.twice.err
        assert gone(story.twice.worker)

    def test_a_resumed_run_ends_with_every_cell_done_exactly_once(self, story):
        assert story.last.returncode == 0
        assert Counter(lines_of(story.folder)) == {
            f"{module}@{channels}": 1 for module in ("none", "waits", "se", "eca") for channels in (16, 32)
        }

    def test_no_cell_is_measured_twice(self, story):
        assert Counter(lines_of(story.folder, "visit")) == dict.fromkeys(lines_of(story.folder), 1)

    def test_cells_keep_their_place_in_the_journal(self, story):
        assert lines_of(story.folder, "visit")[: len(story.twice.measured)] == story.twice.measured

    def test_the_torn_line_is_gone(self, story):
        assert TORN not in story.files["records.jsonl"]
        assert all(json.loads(line) for line in story.files["records.jsonl"].splitlines())

    def test_the_table_of_a_resumed_run_is_whole(self, story):
        rows = story.last.stdout.split("\n\n")[1].splitlines()[1:]
        assert len(rows) == CELLS
        assert story.files["results.csv"].count(b"\n") == CELLS + 1

    def test_resuming_a_finished_run_changes_nothing(self, story):
        assert story.again.returncode == 0
        assert story.after == story.files
        assert story.again.stdout == story.last.stdout
        assert f"{CELLS} of {CELLS} cells have figures from before" in story.again.stderr

    def test_no_lock_stays_behind(self, story):
        assert set(story.files) == {"environment.json", "records.jsonl", "results.csv", "spec.toml"}


# The rest needs no worker process.

COUNT = ["count", "-m", "se,eca,bam", "--points", "16@8", "--counters", "none", "-o", "out"]


@pytest.fixture
def finished(cli, tmp_path):
    assert cli(*COUNT).code == 0
    return tmp_path / "out"


@pytest.mark.parametrize("share", [0, 0.05, 0.2, 0.33, 0.34, 0.5, 0.66, 0.7, 0.9, 0.99, 1])
def test_a_journal_cut_anywhere_is_completed_and_nothing_in_it_is_done_again(cli, finished, share):
    path = finished / "records.jsonl"
    whole = path.read_bytes()
    kept = whole[: int(share * len(whole))]
    path.write_bytes(kept)
    complete = kept[: kept.rfind(b"\n") + 1]
    said = cli("run", "--resume", "out", "--format", "csv")
    assert said.code == 0
    assert path.read_bytes().startswith(complete)
    assert sorted(lines_of(finished)) == ["bam@16", "eca@16", "se@16"]
    assert said.out == (finished / "results.csv").read_text()


def test_a_resumed_run_prints_the_table_that_an_undisturbed_one_prints(cli, tmp_path, finished):
    undisturbed = cli("table", "out", "--format", "csv").out
    path = finished / "records.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    assert cli("run", "--resume", "out", "--format", "csv").out == undisturbed


def test_resuming_takes_the_newest_run_where_none_is_named(cli, tmp_path):
    cli("count", "-m", "se", "--points", "16@8", "--counters", "none")
    said = cli("run", "--resume")
    assert said.code == 0
    assert "1 of 1 cells have figures from before" in said.err


@pytest.mark.parametrize(
    "name", ["torch_version", "attnprof_version", "python_version", "device_name", "threads"]
)
def test_a_run_of_another_machine_or_software_is_not_continued_and_the_difference_is_named(
    cli, finished, name
):
    path = finished / "environment.json"
    found = json.loads(path.read_text())
    other = 7 if name == "threads" else "another"
    path.write_text(json.dumps({**found, name: other}))
    before = {file.name: file.read_bytes() for file in finished.iterdir()}
    said = cli("run", "--resume", "out")
    assert (said.code, said.out) == (2, "")
    assert (
        said.err
        == f"error: out cannot be continued here: {name}: {other} before, {found.get(name) or 'none'} now\n"
    )
    assert {file.name: file.read_bytes() for file in finished.iterdir()} == before


def test_a_refused_continuation_leaves_a_torn_line_where_it_is(cli, finished):
    records, path = finished / "records.jsonl", finished / "environment.json"
    records.write_bytes(records.read_bytes() + TORN)
    path.write_text(json.dumps({**json.loads(path.read_text()), "torch_version": "another"}))
    before = {file.name: file.read_bytes() for file in finished.iterdir()}
    assert cli("run", "--resume", "out").code == 2
    assert {file.name: file.read_bytes() for file in finished.iterdir()} == before


def test_what_does_not_change_a_measurement_does_not_keep_a_run_from_being_continued(cli, finished):
    path = finished / "environment.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "platform": "another", "commit": "another"}))
    assert cli("run", "--resume", "out").code == 0


def test_a_damaged_line_in_the_middle_costs_that_line_and_its_cell_is_done_again(cli, finished):
    path = finished / "records.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    damaged = b"".join([lines[0], lines[1][:40] + b"\n", *lines[2:]])
    path.write_bytes(damaged)
    ended = cli("run", "--resume", "out")
    assert ended.code == 0
    assert ended.err.startswith("out/records.jsonl:2: not a record; this line is lost\n")
    assert path.read_bytes().startswith(damaged)
    assert ended.out.count("\n16  ") == 3


def test_a_run_that_is_being_written_is_in_use(cli, finished):
    with Journal(finished):
        said = cli("run", "--resume", "out")
    assert said.code == 2
    assert "in use by another run" in said.err
    assert cli("run", "--resume", "out").code == 0


def interrupting(monkeypatch, at, times, number=signal.SIGINT):
    """Ctrl-C or another signal, so many times, while cell number ``at`` is counted."""
    counted = count(1)

    class Interrupting(Counting):
        def receive(self, timeout):
            if next(counted) == at:
                for _ in range(times):
                    signal.raise_signal(number)
            return super().receive(timeout)

    monkeypatch.setattr("attnprof.cli._worker.start_worker", Interrupting)


@pytest.mark.parametrize(("at", "times", "done"), [(1, 1, 1), (2, 1, 2), (1, 2, 0), (2, 2, 1), (3, 2, 2)])
def test_one_interrupt_keeps_the_cell_at_hand_and_two_do_not(cli, tmp_path, monkeypatch, at, times, done):
    interrupting(monkeypatch, at, times)
    said = cli(*COUNT)
    assert said.code == 130
    assert len(lines_of(tmp_path / "out")) == done
    assert (
        f"stopped with figures of {done} of 3 cells; kept. Continue: attnprof run --resume out\n" in said.err
    )
    monkeypatch.setattr("attnprof.cli._worker.start_worker", Counting)
    assert cli("run", "--resume", "out").code == 0
    assert sorted(lines_of(tmp_path / "out")) == ["bam@16", "eca@16", "se@16"]


def test_an_interrupted_run_is_not_told_that_time_or_counters_fell_short(cli, monkeypatch):
    monkeypatch.setattr("attnprof.subject.counts.count_with", lambda *more: "not this one")
    line = [*COUNT[: COUNT.index("--counters")], "--counters", "fvcore", "-o", "told"]
    assert "other counters have figures of 0 (fvcore)" in cli(*line).err
    interrupting(monkeypatch, 2, 1)
    said = cli(*line[:-1], "cut")
    assert said.code == 130
    assert "other counters" not in said.err


def test_an_interrupt_in_the_last_cell_leaves_nothing_to_continue(cli, monkeypatch):
    interrupting(monkeypatch, 3, 1)
    said = cli(*COUNT)
    assert said.code == 0
    assert "Continue" not in said.err


def test_an_interrupt_says_how_to_continue_even_where_quiet_was_asked_for(cli, monkeypatch):
    interrupting(monkeypatch, 1, 1)
    assert "Continue: attnprof run --resume out" in cli(*COUNT, "-q").err


def test_ctrl_c_does_afterwards_what_it_did_before(cli):
    before = signal.getsignal(signal.SIGINT)
    cli(*COUNT)
    assert signal.getsignal(signal.SIGINT) is before


def failing(monkeypatch, module):
    from attnprof.subject import counts

    count = counts.count

    def fail(case):
        if case.module == module:
            raise ValueError("no such luck")
        return count(case)

    monkeypatch.setattr(counts, "count", fail)


def test_fail_fast_stops_at_the_first_failure_with_exit_code_3(cli, tmp_path, monkeypatch):
    failing(monkeypatch, "eca")
    said = cli(*COUNT, "--fail-fast")
    assert said.code == 3
    assert lines_of(tmp_path / "out") == ["se@16", "eca@16"]
    assert "eca: ValueError: no such luck" in said.out


def test_without_fail_fast_a_failure_is_a_row_and_exit_code_3(cli, tmp_path, monkeypatch):
    failing(monkeypatch, "eca")
    said = cli(*COUNT)
    assert said.code == 3
    assert lines_of(tmp_path / "out") == ["se@16", "eca@16", "bam@16"]


def test_what_fail_fast_left_out_is_done_on_resuming_and_the_failure_is_not_forgotten(
    cli, tmp_path, monkeypatch
):
    failing(monkeypatch, "eca")
    cli(*COUNT, "--fail-fast")
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("attnprof.cli._worker.start_worker", Counting)
    assert cli("run", "--resume", "out").code == 3
    assert lines_of(tmp_path / "out") == ["se@16", "eca@16", "bam@16"]


def test_what_cannot_be_changed_on_resuming_is_refused(cli, finished):
    said = cli("run", "--resume", "out", "--channels", "128")
    assert said.code == 2
    assert "--channels" in said.err


def test_an_unknown_format_is_found_before_a_resumed_run_measures(cli, finished, monkeypatch):
    started = []
    monkeypatch.setattr("attnprof.cli._worker.start_worker", lambda *a: started.append(a) or Counting(*a))
    assert cli("run", "--resume", "out", "--format", "latx").code == 2
    assert not started


USER = """import torch


class Gate(torch.nn.Module):
    def __init__(self, channels):
        super().__init__()

    def forward(self, x):
        return x
"""


@pytest.fixture
def users(cli, tmp_path):
    """A finished run with a module of the user's own, and the file of that module."""
    path = tmp_path / "edited.py"
    path.write_text(USER)
    assert (
        cli("count", "-m", "edited.py:Gate,se", "--points", "16@8", "--counters", "none", "-o", "out").code
        == 0
    )
    return path


def test_a_module_that_was_edited_since_does_not_get_a_second_row(cli, users):
    users.write_text(USER + "# edited\n")
    said = cli("run", "--resume", "out", "--format", "csv")
    assert said.code == 2 or said.out.count("Gate") == 1


def test_a_run_can_be_shown_where_a_module_of_it_is_no_longer_there(cli, users):
    shown = cli("table", "out").out
    users.unlink()
    said = cli("table", "out")
    assert (said.code, said.out) == (0, shown)


def test_a_run_whose_next_worker_does_not_start_says_how_it_goes_on(cli, monkeypatch):
    class Lost(Counting):
        def receive(self, timeout):
            raise EnvironmentProblem("the worker process did not start: the worker was killed by SIGKILL")

    monkeypatch.setattr("attnprof.cli._worker.start_worker", Lost)
    done = cli("run", "-m", "se", "--points", "16@8", "--no-latency", "-o", "out")
    assert done.code == 4
    assert done.err.endswith("killed by SIGKILL. Continue: attnprof run --resume out\n")

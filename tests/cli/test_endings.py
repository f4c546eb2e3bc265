"""A run ends in order whatever ends it: a signal, a terminal that is gone, a folder that is removed; and what it
writes is whole, and never written through a link of the folder."""

import os
import pty
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from attnprof.cli import _execute
from attnprof.records.journal import LOCK
from tests.cli.conftest import Counting
from tests.cli.test_resume import gone, interrupting, lines_of, until

COUNT = ["count", "-m", "se,eca,bam", "--points", "16@8", "--counters", "none", "-o", "out"]
ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
# Counts two cells at once, and says so; the third waits for a file.
WAITS = """\
gate = Path(os.environ["TEST_GATE"])
if not x.is_meta and not (gate / f"open-{x.shape[1]}").exists():
    (gate / "new").write_text(str(os.getpid()))
    (gate / "new").rename(gate / f"at-{x.shape[1]}")
    while not (gate / f"open-{x.shape[1]}").exists():
        time.sleep(0.01)"""
RUN = (
    "run -m none,waits --channels 16,32 --res 8 --quality quick --time-budget 8s --counters none"
    " --metrics params,macs,latency -o out"
)


@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize(("at", "times", "done"), [(1, 1, 1), (2, 1, 2), (2, 2, 1)])
def test_every_signal_to_end_ends_a_run_as_ctrl_c_does(cli, tmp_path, monkeypatch, number, at, times, done):
    interrupting(monkeypatch, at, times, number)
    ended = cli(*COUNT)
    assert ended.code == 130
    assert (
        f"stopped with figures of {done} of 3 cells; kept. Continue: attnprof run --resume out\n" in ended.err
    )
    assert (tmp_path / "out" / "results.csv").read_text().count("\n") == done + 1
    assert not (tmp_path / "out" / LOCK).exists()
    monkeypatch.setattr("attnprof.cli._worker.start_worker", Counting)
    assert cli("run", "--resume", "out").code == 0
    assert sorted(lines_of(tmp_path / "out")) == ["bam@16", "eca@16", "se@16"]


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_before_the_first_cell_ends_a_run_in_order(cli, tmp_path, monkeypatch, number):
    def at_once(*_, **__):
        signal.raise_signal(number)

    monkeypatch.setattr(_execute, "run", at_once)
    ended = cli(*COUNT)
    assert (ended.code, ended.out) == (130, "")
    assert not (tmp_path / "out" / LOCK).exists()
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("attnprof.cli._worker.start_worker", Counting)
    assert cli("run", "--resume", "out").code == 0


def test_a_signal_that_was_ignored_stays_ignored(cli, monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        interrupting(monkeypatch, 1, 3, signal.SIGHUP)
        assert cli(*COUNT).code == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", ENDING)
def test_signals_do_afterwards_what_they_did_before(cli, number):
    before = signal.getsignal(number)
    cli(*COUNT)
    assert signal.getsignal(number) is before


def test_a_folder_that_is_removed_in_the_middle_is_said_at_once(cli, tmp_path, monkeypatch):
    counted = []

    class Removing(Counting):
        def receive(self, timeout):
            counted.append(super().receive(timeout))
            if len(counted) == 2:
                shutil.rmtree(tmp_path / "out")
            return counted[-1]

    monkeypatch.setattr("attnprof.cli._worker.start_worker", Removing)
    ended = cli(*COUNT)
    assert (ended.code, ended.out) == (4, "")
    assert ended.err.endswith(
        "error: out/records.jsonl was removed or moved during the run: what follows could not be kept\n"
    )
    assert len(counted) == 2
    assert not (tmp_path / "out").exists()


@pytest.fixture
def waiting(tmp_path, plugin_package, module_source, start):
    """Start a run that waits in its third visit, and wait for that: (the run, its worker's pid)."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("needs /proc")
    gate = tmp_path / "gate"
    gate.mkdir()
    (gate / "open-16").touch()
    env = plugin_package(tmp_path / "plugins", {"attnprof.modules": {"waits": module_source(WAITS)}})
    runs = []

    def begin(**more):
        run = start(*RUN.split(), cwd=tmp_path, env={**env, "TEST_GATE": str(gate)}, **more)
        runs.append(run)
        until(lambda: (gate / "at-32").exists() or run.poll() is not None)
        return run, int((gate / "at-32").read_text())

    yield begin
    for run in runs:
        with run:  # closes its streams
            run.kill()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_real_run_ends_in_order_and_its_worker_with_it(tmp_path, waiting, number):
    with (tmp_path / "err").open("w") as err:
        run, worker = waiting(stdout=subprocess.PIPE, stderr=err)
    run.send_signal(number)
    until(lambda: "stopping after the visit at hand" in (tmp_path / "err").read_text())
    run.send_signal(number)
    out, _ = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "none" in out
    assert "Continue: attnprof run --resume out\n" in (tmp_path / "err").read_text()
    assert sorted(os.listdir(tmp_path / "out")) == [
        "environment.json",
        "records.jsonl",
        "results.csv",
        "spec.toml",
    ]
    until(lambda: gone(worker))


@pytest.mark.slow
def test_a_terminal_that_is_gone_does_not_take_the_table_along(tmp_path, waiting):
    screen, end = pty.openpty()
    run, worker = waiting(stdout=end, stderr=end)
    os.close(end)
    os.close(screen)
    run.send_signal(signal.SIGHUP)
    (tmp_path / "gate" / "open-32").touch()
    run.wait(timeout=60)
    assert (tmp_path / "out" / "results.csv").exists()
    assert not (tmp_path / "out" / LOCK).exists()
    until(lambda: gone(worker))


@pytest.mark.slow
def test_a_real_run_whose_folder_is_removed_ends_and_its_worker_with_it(tmp_path, waiting):
    run, worker = waiting(stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "gate" / "open-32").touch()
    out, err = run.communicate(timeout=60)
    assert (run.returncode, out) == (4, "")
    assert err.splitlines()[-1].startswith("error: out/records.jsonl was removed or moved")
    until(lambda: gone(worker))


@pytest.fixture
def finished(cli, tmp_path):
    assert cli(*COUNT).code == 0
    return tmp_path / "out"


WRITERS = {
    "results.csv": ("run", "--resume", "out"),
    "report.html": ("report", "out"),
    "pareto.pdf": ("plot", "out", "--kind", "pareto", "-x", "macs", "-y", "params"),
    "theirs.csv": ("table", "out", "-o", "out/theirs.csv"),
    "theirs.html": ("report", "out", "-o", "out/theirs.html"),
}


@pytest.mark.parametrize(("name", "line"), WRITERS.items())
def test_a_link_in_a_run_folder_is_replaced_and_not_followed(cli, finished, tmp_path, name, line):
    private = tmp_path / "private"
    private.write_text("mine")
    (finished / name).unlink(missing_ok=True)
    (finished / name).symlink_to(private)
    assert cli(*line).code == 0
    assert private.read_text() == "mine"
    assert not (finished / name).is_symlink()
    assert (finished / name).stat().st_size > 100


def test_a_link_of_the_users_own_is_written_to(cli, finished, tmp_path):
    (tmp_path / "target.csv").touch()
    (tmp_path / "link.csv").symlink_to("target.csv")
    assert cli("table", "out", "--format", "csv", "-o", "link.csv").code == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "target.csv").read_text().startswith("schema,")


@pytest.mark.parametrize("name", ["results.csv", "report.html", "pareto.pdf"])
def test_a_write_that_is_cut_off_leaves_the_earlier_file(cli, finished, monkeypatch, name):
    assert cli(*WRITERS[name]).code == 0
    before = {path.name: path.read_bytes() for path in finished.iterdir()}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("attnprof.records.files.os.replace", full)
    ended = cli(*WRITERS[name])
    assert ended.code == 4
    assert ended.err.splitlines()[-1] == f"error: cannot write out/{name}: no space left on device"
    assert {path.name: path.read_bytes() for path in finished.iterdir()} == before

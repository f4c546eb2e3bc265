"""The command line in this process with counting done here too; a pseudo-terminal; runs to look at."""

import errno
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections import deque
from types import SimpleNamespace

import pytest

from attnprof.cli._main import main
from attnprof.planning import plan
from attnprof.records.environment import software
from attnprof.records.journal import Journal
from attnprof.records.record import Measurement, account_event, done_event, visit_event
from attnprof.spec import Spec
from attnprof.worker.server import respond_about_case
from tests.conftest import clean_environment


class Counting:
    """A worker that counts in this process. It cannot measure."""

    def __init__(self, setup):
        self.environment = {**software(), "device": "meta", "device_name": "", "threads": 0}
        self._responses = deque()

    def send(self, request):
        self._responses.append(respond_about_case(request))

    def receive(self, timeout):
        return self._responses.popleft()

    def kill(self):
        pass


@pytest.fixture
def cli(tmp_path, monkeypatch, capsys):
    """``attnprof`` in this process and an empty folder: (exit code, stdout, stderr). Nothing can be
    measured."""
    for name in [name for name in os.environ if name.startswith("ATTNPROF_")]:
        monkeypatch.delenv(name)
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("attnprof.cli._worker.start_worker", Counting)
    monkeypatch.setattr("attnprof.running.inquiry.start_worker", Counting)

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        return SimpleNamespace(code=code, **dict(zip(("out", "err"), capsys.readouterr(), strict=True)))

    return run


@pytest.fixture(scope="session")
def measured(tmp_path_factory, cold_command):
    """A small run that really was measured: what it said, and its folder."""
    folder = tmp_path_factory.mktemp("measured")
    line = (
        "run -m se,eca,none --channels 8,16 --res 8 --quality quick --time-budget 1s --counters none -o out"
    )
    return SimpleNamespace(done=cold_command(*line.split(), cwd=folder), folder=folder / "out")


@pytest.fixture(scope="session")
def wide(tmp_path_factory):
    """The folder of a run with long names, large counts and notes. Nobody measured it."""
    spec = Spec(
        modules="se,none,cbam,cbam(reduction=8),nonlocal",
        channels="512,2048",
        res="224,56",
        counters="fvcore,thop",
    )
    planned = plan(spec, "cpu")
    folder = tmp_path_factory.mktemp("wide") / "out"
    environment = {
        **software(),
        "run_id": "0123456789ab",
        "started": "2026-11-20T12:00:00+00:00",
        "device": "cpu",
        "device_name": "Test Processor 9000 with a long name",
        "threads": 1,
    }
    with Journal.create(folder) as journal:
        journal.begin(spec.to_toml(), environment)
        for number, cell in enumerate(planned.cells):
            large = 123_456_789_012 + number
            counts = {
                "params": 1_234_567 + number,
                "macs": large,
                "fvcore_macs": large // 3,
                "thop_macs": large,
            }
            journal.append(account_event(cell.case, [Measurement(n, v, "count") for n, v in counts.items()]))
            if number == 3:
                journal.append(done_event(cell.case, "oom", "the attention map alone is 9.4 GiB"))
                continue
            seconds = 0.123456 * (number + 1)
            found = [
                Measurement("latency", seconds, "s", (0.99 * seconds, 1.02 * seconds), "samples", 40),
                Measurement("peak_memory", 987_654_321, "bytes"),
            ]
            journal.append(visit_event(cell.case, 0, found))
            journal.append(done_event(cell.case, "ok"))
    return folder


@pytest.fixture(scope="session")
def terminal(interpreter):
    """``attnprof`` on a pseudo-terminal of so many columns; stderr apart, or on the terminal too."""

    def run(*arguments, cwd, columns, env=None, both=False):
        screen, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with subprocess.Popen(
            [interpreter, "-m", "attnprof", *map(str, arguments)],
            cwd=cwd,
            env=clean_environment(env or {}),
            stdin=subprocess.DEVNULL,
            stdout=end,
            stderr=end if both else subprocess.PIPE,
        ) as process:
            os.close(end)
            shown = _everything(screen)
            os.close(screen)
            said = process.stderr.read().decode() if process.stderr else ""
        raw = shown.decode().replace("\r\n", "\n")
        return SimpleNamespace(code=process.returncode, raw=raw, text=without_styles(raw), err=said)

    return run


def without_styles(text: str) -> str:
    """``text`` without the escape sequences of a terminal."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def _everything(screen: int) -> bytes:
    shown = b""
    while True:
        try:
            piece = os.read(screen, 65536)
        except OSError as problem:
            if problem.errno != errno.EIO:  # what Linux says when the other end is closed
                raise
            return shown
        if not piece:
            return shown
        shown += piece

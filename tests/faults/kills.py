"""Runs that are killed at random times, they or their workers, and continued until they end.

A run that was continued has to have the rows of one that nobody disturbed: none lost, none there twice, none that
says something else than it said before the kill.
"""

import json
import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from signal import SIGKILL
from time import monotonic
from typing import Any

from attnprof.records.journal import EVENTS
from tests import warm
from tests.conftest import clean_environment

FOLDER = "out"
GRID = "--counters none -m none,se,eca,cbam,gc --channels 16,32"
TIMED = "--precision 50% --metrics params,macs,latency"
LINES = (
    f"count {GRID} --res 8,12,16,20,24",
    f"run {GRID} --res 8 --quality quick --time-budget none {TIMED}",
    f"run {GRID} --res 8,12 --quality standard --time-budget 6s {TIMED}",
)
FINE = (
    "ok",
    "skipped",
)  # skipped: the time budget, which a killed worker uses up, ended before the cell's turn
LONGEST = 300.0  # seconds of one command
ENDS = 5  # times that a run is continued, at most, until it says that it is whole
WORKER = b"attnprof.worker"  # in the arguments of a worker
Event = Mapping[str, Any]


@dataclass
class Losses:
    """What kills have cost."""

    kills: int = 0
    workers_killed: int = 0  # of the kills, those of a worker
    resumes: int = 0
    rows: int = 0  # of the finished runs
    lost: int = 0
    repeated: int = 0
    changed: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, other: "Losses") -> None:
        """Count those of another run, too."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def __str__(self) -> str:
        kills = f"{self.kills} kills ({self.workers_killed} of a worker), {self.resumes} resumes, {self.rows} rows"
        return f"{kills}: {self.lost} lost, {self.repeated} repeated, {self.changed} changed"


@dataclass(frozen=True)
class Whole:
    """A run that nobody disturbed."""

    seconds: float
    counts: Mapping[str, Event]  # by the key of the case


class Runner:
    """Starts commands in one folder."""

    def __init__(self, python: str, folder: Path) -> None:
        self.python, self.folder = python, folder

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """``attnprof`` in a process of its own."""
        with (self.folder / "stderr").open("w") as err:
            return subprocess.Popen(
                [self.python, "-m", "attnprof", *arguments],
                cwd=self.folder,
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=err,
                text=True,
            )

    def finish(self, *arguments: str) -> int:
        """The exit code of a command that nobody disturbs."""
        return self.start(*arguments).wait(timeout=LONGEST)

    def workers(self) -> Iterator[int]:
        """The processes that are workers of a command in this folder."""
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                is_here = entry.name.isdecimal() and os.readlink(entry / "cwd") == str(self.folder)
                if is_here and WORKER in (entry / "cmdline").read_bytes():
                    yield int(entry.name)


def whole(python: str, line: str) -> Whole:
    """The run of ``line`` that nobody disturbs."""
    with tempfile.TemporaryDirectory(prefix="attnprof-whole-") as name:
        runner = Runner(python, Path(name).resolve())
        begun = monotonic()
        code = runner.finish(*line.split(), "-o", FOLDER)
        assert code == 0, (runner.folder / "stderr").read_text()
        return Whole(monotonic() - begun, _counts(_events(runner.folder / FOLDER)))


def continued(random: Random, python: str, line: str, undisturbed: Whole, kills: int) -> Losses:
    """A run that is killed up to ``kills`` times, and then continued to its end."""
    losses = Losses()
    with tempfile.TemporaryDirectory(prefix="attnprof-kills-") as name:
        runner = Runner(python, Path(name).resolve())
        journal = runner.folder / FOLDER / EVENTS
        before = b""
        for _ in range(kills):
            process = runner.start(*_arguments(line, journal))
            losses.resumes += journal.exists()
            _kill(random, runner, process, undisturbed.seconds, losses)
            lines = _whole_lines(journal)
            if not lines.startswith(before):
                losses.changed += 1
                losses.problems.append(f"{line}: after a kill the journal begins otherwise than before")
            before = lines
        for _ in range(ENDS):
            code = runner.finish(*_arguments(line, journal))
            losses.resumes += 1
            if code == 0:
                break
        if code:
            losses.problems.append(
                f"{line}: exit code {code}: {(runner.folder / 'stderr').read_text().strip()}"
            )
        _compare(line, _events(runner.folder / FOLDER), undisturbed, losses)
        if not _whole_lines(journal).startswith(before):
            losses.changed += 1
            losses.problems.append(f"{line}: its last continuation changed what stood in the journal")
    return losses


def _arguments(line: str, journal: Path) -> Sequence[str]:
    """How the run is begun, or continued where it has a journal."""
    return ("run", "--resume", FOLDER) if journal.exists() else (*line.split(), "-o", FOLDER)


def _kill(
    random: Random, runner: Runner, process: subprocess.Popen[str], seconds: float, losses: Losses
) -> None:
    """Kill the command at a random time, or a worker of it, after which the command has to end by itself."""
    try:
        process.wait(timeout=random.uniform(0.02, 0.9) * seconds)
        return
    except subprocess.TimeoutExpired:
        pass
    workers = list(runner.workers()) if random.random() < 0.3 else []
    losses.kills += 1
    if not workers:
        process.kill()
        process.wait()
        return
    losses.workers_killed += 1
    with suppress(ProcessLookupError):
        os.kill(random.choice(workers), SIGKILL)
    process.wait(timeout=LONGEST)


def _compare(line: str, events: Sequence[Event], undisturbed: Whole, losses: Losses) -> None:
    """Count the rows that are lost, repeated or changed."""
    ends = Counter(event["key"] for event in events if event["event"] == "done")
    visits = Counter((event["key"], event["repeat"]) for event in events if event["event"] == "visit")
    counts = _counts(events)
    lost = undisturbed.counts.keys() - ends.keys()
    repeated = [key for counter in (ends, visits) for key, times in counter.items() if times > 1]
    failed = [event["reason"] for event in events if event["event"] == "done" and event["status"] not in FINE]
    other = [
        key for key in undisturbed.counts if key not in lost and counts.get(key) != undisturbed.counts[key]
    ]
    losses.rows += len(ends)
    losses.lost += len(lost)
    losses.repeated += len(repeated) + len(ends.keys() - undisturbed.counts.keys())
    losses.changed += len(other) + len(failed)
    for title, what in {"lost": lost, "repeated": repeated, "changed": other, "not ok": failed}.items():
        if what:
            losses.problems.append(f"{line}: {title}: {list(what)[:3]}")


def _whole_lines(journal: Path) -> bytes:
    """The journal without a last line that was torn."""
    content = journal.read_bytes() if journal.exists() else b""
    return content[: content.rfind(b"\n") + 1]


def _events(folder: Path) -> list[Event]:
    return [json.loads(line) for line in _whole_lines(folder / EVENTS).splitlines()]


def _counts(events: Sequence[Event]) -> Mapping[str, Event]:
    """The counts of every case, by its key."""
    return {event["key"]: event["measurements"] for event in events if event["event"] == "account"}


def kill_runs(seed: int, kills: int, jobs: int) -> Losses:
    """Runs that are killed ``kills`` times or a few more in all, in so many processes at once."""
    losses = Losses()
    with tempfile.TemporaryDirectory(prefix="attnprof-warm-") as name, warm.install(Path(name)) as python:
        undisturbed = {line: whole(python, line) for line in LINES}

        def disturb(number: int) -> Losses:
            if losses.kills >= kills:
                return Losses()
            random = Random(f"{seed} {number}")
            line = random.choice(LINES)
            return continued(random, python, line, undisturbed[line], random.choice((1, 2, 3, 5)))

        with ThreadPoolExecutor(jobs) as pool:
            for of_one in pool.map(disturb, range(20 + 3 * kills)):
                losses.add(of_one)
    return losses

"""Ways to measure the same modules, each as its users would: attnprof, torch's Timer, a loop, triton's
do_bench."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from attnprof.backends import BACKENDS
from attnprof.records.case import Case
from attnprof.records.journal import events_in
from attnprof.records.record import AccountEvent, VisitEvent
from attnprof.runtimes import EAGER
from benchmarks._figures import Ran
from benchmarks._watched import times

ROOT = Path(__file__).parent.parent
NEIGHBOUR = """
import os, sys, time
burst, pause = map(float, sys.argv[1:])
parent = os.getppid()
while os.getppid() == parent:
    end = time.monotonic() + burst
    while time.monotonic() < end:
        pass
    time.sleep(pause)
"""
SLACK = 60.0  # beyond what a process was given: then it hangs
OVERRUN = 1.15  # of the seconds for all processes: what finishing a last one may make of them


class Failed(Exception):
    """A method that did not end well, with the last thing it said."""


@dataclass(frozen=True)
class Overhead:
    """Where the wall time of a run went, in seconds. counting: from the first worker's start to the first
    sample. working: from the first to the last sample of each worker, together. inside: in samples."""

    wall: float
    counting: float
    working: float
    inside: float


@dataclass(frozen=True)
class Subject:
    """What is measured: modules as ``-m`` takes them, at one point, on one device, in runtimes as
    ``--runtime`` takes them."""

    modules: str
    point: str
    device: str
    runtimes: str = EAGER


@contextmanager
def busy(cores: int, burst: float = 0.5, pause: float = 0.0) -> Iterator[None]:
    """Keep ``cores`` cores busy with processes that compute for ``burst`` seconds, then rest for ``pause``
    seconds, and so on."""
    command = [sys.executable, "-c", NEIGHBOUR, str(burst), str(pause)]
    children = [subprocess.Popen(command) for _ in range(cores)]
    try:
        yield
    finally:
        for child in children:
            child.kill()
            child.wait()


def attnprof(
    subject: Subject, quality: str, seconds: float, metric: str = "latency"
) -> tuple[list[Ran], Overhead]:
    """One run of the command, with a time budget: what it has of each runtime."""
    asked = [
        "-m",
        subject.modules,
        "--points",
        subject.point,
        "--device",
        subject.device,
        "--runtime",
        subject.runtimes,
        "--metrics",
        metric,
    ]
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "run"
        spent = watched([*asked, "--quality", quality, "--time-budget", f"{seconds:.2f}s", "-o", str(folder)])
        found = _visits(folder, metric)
        return [Ran(quality, spent.wall, figures, runtime) for runtime, figures in found.items()], spent


def watched(asked: Sequence[str]) -> Overhead:
    """Run ``attnprof run`` with these arguments, and see where its time goes."""
    with tempfile.TemporaryDirectory() as notes:
        wall, _ = _timed(["benchmarks._watched", notes, "run", *asked], None)
        found = times(Path(notes))
    workers = [each for each in found if each.first]
    counting = min(each.first for each in workers) - min(each.begun for each in found) if workers else wall
    working = sum(each.last - each.first for each in workers)
    return Overhead(wall, counting, working, sum(each.inside for each in workers))


def peer(subject: Subject, method: str, processes: int, seconds: float) -> Ran:
    """Fresh processes one after the other, each with its part of ``seconds``; none is begun that would end
    long after."""
    found: dict[str, dict[int, float]] = {}
    wall = took = 0.0
    for number in range(processes):
        if wall + took > OVERRUN * seconds:
            break
        # What one process overran, its start and its end, is taken from those that follow.
        part = (seconds - wall) / (processes - number)
        call = ["benchmarks._peer", method, subject.device, f"{part:.3f}", subject.modules, subject.point]
        took, said = _timed(call, max(0.0, part) + SLACK)
        wall += took
        for title, value in json.loads(said).items():
            found.setdefault(title, {})[number] = value
    return Ran(method, wall, found)


def processor() -> str:
    """What the CPU is called."""
    return str(BACKENDS.get("cpu").describe(0)["device_name"])


def _visits(folder: Path, metric: str) -> dict[str, dict[str, dict[int, float]]]:
    """By runtime, by module, and by number of the process."""
    cases: dict[str, Case] = {}
    found: dict[str, dict[str, dict[int, float]]] = {}
    for event in events_in(folder):
        if isinstance(event, AccountEvent):
            cases[event.key] = event.case
        elif isinstance(event, VisitEvent):
            for each in event.measurements:
                if each.metric == metric and isinstance(each.value, int | float):
                    case = cases[event.key]
                    of_module = found.setdefault(case.runtime, {}).setdefault(case.title, {})
                    of_module[event.process] = each.value
    return found


def _timed(call: Sequence[str], seconds: float | None) -> tuple[float, str]:
    """Wall seconds of ``python -m`` with these words, and what it printed. Raises Failed."""
    paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    start = monotonic()
    try:
        ended = subprocess.run(
            [sys.executable, "-m", *call],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{' '.join(call[:2])}: no end within {seconds:.0f} s") from None
    wall = monotonic() - start
    if ended.returncode:
        last = ended.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise Failed(f"{' '.join(call[:2])}: exit code {ended.returncode}: {last[0]}")
    return wall, ended.stdout

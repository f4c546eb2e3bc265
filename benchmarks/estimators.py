"""Which figure of a process's samples to report: every estimator on the same samples, of repeated runs.

    python -m benchmarks.estimators --repeats 12 --save FOLDER
    python -m benchmarks.estimators --load FOLDER

Each repeat is one run on a quiet machine, one beside a busy core, and one beside a neighbour that computes
for half a second out of two; one run more is quiet and three times as long. A run is four fresh workers, one
after the other, each of which measures all cells. All samples are kept, and every estimator makes its figures
of them. What is in FOLDER already is not run again.

The modules are the 16 cheapest of the catalogue, two copies of SE, and chains of 20 and 21 operators. Exit
code 4 when something could not be measured.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from attnprof.backends import Sample
from attnprof.measuring.rounds import Effort
from attnprof.measuring.timing import Taken, timed_of
from attnprof.planning import plan
from attnprof.records.case import Case
from attnprof.running.client import Worker
from attnprof.running.exchange import Exchange
from attnprof.running.protocol import MeasureRequest, SetupRequest
from attnprof.spec import Spec
from benchmarks import _methods
from benchmarks._estimator_report import (
    BURSTS,
    BUSY,
    CONDITIONS,
    CRITERIA,
    LONGEST,
    PARTS,
    QUIET,
    Process,
    Sampled,
    Scores,
    Way,
    scores,
    table,
    ways,
    winner,
)
from benchmarks._latency_report import LONG, SHORT, TWINS
from benchmarks._methods import Failed
from benchmarks._outputs import BASELINE, Cell

# The cheapest at 64@56 and at 256@56.
CHEAPEST = (
    *("se", "ese", "lct", "eca", "ceca", "gct", "gc", "fca"),
    *("nam", "ca", "scse", "ge", "simam", "sa", "ela", "cbam"),
)
MODULES = ",".join((*CHEAPEST, *TWINS[1:], SHORT, LONG))
POINTS = "64@56,256@56"
PROCESSES, SECONDS, LONGER = 4, 3.5, 3
TIMEOUT = 60.0  # seconds without a response: then a worker hangs
BURST, PAUSE = 0.5, 1.5  # seconds
FAILED = 4


def main(words: list[str] | None = None) -> int:
    """Run what is not there yet, and judge everything."""
    arguments = _arguments(words)
    with tempfile.TemporaryDirectory() as work:
        folder = arguments.load or arguments.save or Path(work)
        problems = [] if arguments.load else list(_measure(arguments, folder))
        runs = {condition: load(folder, condition) for condition in (*CONDITIONS, LONGEST)}
    report(runs)
    return FAILED if problems or not any(runs.values()) else 0


def report(runs: dict[str, list[Sampled]]) -> None:
    """Print a table for each condition that was measured, and which way wins."""
    quiet = runs[QUIET] or runs[LONGEST]
    measured = {condition: runs[condition] for condition in CONDITIONS if runs[condition]}
    results: dict[Way, dict[str, Scores]] = {
        way: {name: scores(own, way, quiet, runs[LONGEST]) for name, own in measured.items()}
        for way in ways()
    }
    for condition, own in measured.items():
        processes = sum(map(len, own)) / len(own)
        print(f"\n{processes:.1f} processes a run")
        print("\n".join(table(condition, len(own), {way: each[condition] for way, each in results.items()})))
    print("\n".join(["", *CRITERIA]))
    for what, parts in (("the latency", PARTS[:1]), ("the ratio", PARTS[1:]), ("both", PARTS)):
        best = winner(results, parts)
        print(f"Winner for {what}: {best.name if best else 'none may win'}")


def _measure(arguments: argparse.Namespace, folder: Path) -> Iterator[str]:
    """Run every step whose samples are not in ``folder``; yields what went wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    steps = [(name, number) for number in range(arguments.repeats) for name in arguments.conditions]
    for condition, number in [(LONGEST, 0), *steps]:
        path = folder / f"{condition}-{number:02}.json"
        if path.exists():
            continue
        seconds = arguments.seconds * (LONGER if condition == LONGEST else 1)
        print(f"{path.name}: {PROCESSES} processes of {seconds:g} s", file=sys.stderr)
        try:
            with _neighbour(condition):
                samples = sample(arguments.modules, arguments.points, seconds)
        except Failed as problem:
            print(problem, file=sys.stderr)
            yield str(problem)
        else:
            path.write_text(json.dumps(samples), encoding="utf-8")


def _neighbour(condition: str) -> AbstractContextManager[None]:
    """What else the machine does meanwhile."""
    others = max(1, len(os.sched_getaffinity(0)) - 1)
    if condition == BUSY:
        return _methods.busy(others)
    return _methods.busy(others, BURST, PAUSE) if condition == BURSTS else nullcontext()


def sample(modules: str, points: str, seconds: float, processes: int = PROCESSES) -> list[dict[str, Any]]:
    """The samples of one run: of each process, of each cell. seconds: of a process, without its start. Raises
    Failed."""
    cells = plan(Spec(modules=modules, points=points, device="cpu", counters="none"), "cpu").cells
    blocks: dict[str, list[Case]] = {}
    for cell in cells:
        blocks.setdefault(cell_named(cell.case.label)[1], []).append(cell.case)
    efforts = [Effort(seconds / len(blocks), precision=0.0, seed=number) for number in range(processes)]
    return [_sample_in_a_worker(list(blocks.values()), effort) for effort in efforts]


def _sample_in_a_worker(blocks: Sequence[Sequence[Case]], effort: Effort) -> dict[str, Any]:
    """The samples of one fresh process. Raises Failed."""
    with tempfile.TemporaryDirectory() as notes:
        worker = Worker(SetupRequest("cpu"), command=(sys.executable, "-m", "benchmarks._sampling", notes))
        try:
            assert worker.environment  # it is ready
            for block in blocks:
                _exchange(worker, block, effort)
        finally:
            worker.kill()
        (path,) = Path(notes).iterdir()
        names = {case.key: case.label for block in blocks for case in block}
        with path.open(encoding="utf-8") as lines:
            return {names[trial["key"]]: trial["samples"] for trial in map(json.loads, lines)}


def _exchange(worker: Worker, block: Sequence[Case], effort: Effort) -> None:
    """Have ``worker`` measure a block. Raises Failed."""
    baseline = next(case for case in block if case.title == BASELINE)
    request = MeasureRequest(tuple(block), ("latency",), effort, baseline=baseline)
    exchange = Exchange(worker, request, TIMEOUT, stopped=lambda: False)
    for _ in exchange:
        pass
    if exchange.gone or exchange.failures:
        raise Failed(str(exchange.gone or next(iter(exchange.failures.values())).reason))


def cell_named(label: str) -> Cell:
    """The cell of a case's label: ("eca", "64@56") of 'eca@64@56'."""
    module, _, point = label.partition("@")
    return module, point


def load(folder: Path, condition: str) -> list[Sampled]:
    """The runs of one condition, the samples that count."""
    files = sorted(folder.glob(f"{condition}-*.json"))
    return [[counted(process) for process in json.loads(path.read_text(encoding="utf-8"))] for path in files]


def counted(process: dict[str, list[list[Any]]]) -> Process:
    """The samples that count of what a worker left: those that others did not disturb."""
    timed = {}
    for name, samples in process.items():
        taken = [
            Taken(Sample(wall, lost, busy), calls, round=turn) for turn, wall, lost, busy, calls in samples
        ]
        timed[cell_named(name)] = timed_of(taken)
    return {cell: own for cell, own in timed.items() if own}


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.estimators", description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=12, help="runs under each condition (12)")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help=f"of each of {PROCESSES} processes ({SECONDS:g})"
    )
    parser.add_argument("--conditions", type=_conditions, default=list(CONDITIONS), help=f"of {CONDITIONS}")
    parser.add_argument("--modules", default=MODULES, help="as -m takes them; se among them")
    parser.add_argument("--points", default=POINTS, help=f"({POINTS})")
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--save", type=Path, metavar="FOLDER", help="keep the samples, run only what is not there"
    )
    where.add_argument("--load", type=Path, metavar="FOLDER", help="run nothing, judge what is there")
    return parser.parse_args(words)


def _conditions(text: str) -> list[str]:
    names = text.split(",")
    if not set(names) <= set(CONDITIONS):
        raise argparse.ArgumentTypeError(f"of {', '.join(CONDITIONS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())

"""Which figure of a process's samples to report: every estimator on the same samples, of repeated whole runs.

    python -m benchmarks.estimators --repeats 12 --save FOLDER
    python -m benchmarks.estimators --load FOLDER

Each repeat is one run of `attnprof run` on a quiet machine, one beside a busy core, and one beside a
neighbour that computes for half a second out of two; one run more is quiet and three times as long. All
samples are kept, and every estimator makes its figures of them. What is in FOLDER already is not run again.

The modules are the 25 cheapest of the catalogue, two copies of SE, and chains of 20 and 21 operators. Exit
code 4 when something could not be measured.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from attnprof.backends import Sample
from attnprof.measuring.timing import Taken, timed_of
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
from benchmarks._outputs import Cell, cell_of

# The cheapest at 64@56 and 256@56 together.
CHEAPEST = (
    *("se", "ese", "lct", "eca", "ceca", "gct", "gc", "fca", "nam", "ca", "scse", "ge", "simam", "sa", "ela"),
    *("cbam", "a2", "sge", "polarized", "bam", "strip", "aff", "efficient", "srm", "gala"),
)
MODULES = ",".join((*CHEAPEST, *TWINS[1:], SHORT, LONG))
POINTS = "64@56,256@56"
SECONDS, LONGER = 22.0, 3
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
        print(f"{path.name}: {seconds:g} s", file=sys.stderr)
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


def sample(modules: str, points: str, seconds: float) -> list[dict[str, Any]]:
    """The samples of one run with a time budget: of each process, of each cell. Raises Failed."""
    with tempfile.TemporaryDirectory() as work:
        notes, run = Path(work) / "notes", Path(work) / "run"
        notes.mkdir()
        words = ["-m", modules, "--points", points, "--device", "cpu", "--counters", "none"]
        words += ["--metrics", "latency", "--time-budget", f"{seconds:g}s", "-o", str(run)]
        _methods.timed(["benchmarks._sampling", str(notes), "run", *words], None)
        cells = _cells(run)
        return [_named(path, cells) for path in sorted(notes.iterdir())]


def _cells(run: Path) -> dict[str, Cell]:
    """The cell of each key in a journal."""
    with (run / "records.jsonl").open(encoding="utf-8") as lines:
        events = [json.loads(line) for line in lines if '"event":"account"' in line]
    return {event["key"]: cell_of(event["case"]) for event in events}


def _named(path: Path, cells: dict[str, Cell]) -> dict[str, Any]:
    """The samples that a worker left, by cell."""
    with path.open(encoding="utf-8") as lines:
        return {"@".join(cells[trial["key"]]): trial["samples"] for trial in map(json.loads, lines)}


def load(folder: Path, condition: str) -> list[Sampled]:
    """The runs of one condition, the samples that count."""
    files = sorted(folder.glob(f"{condition}-*.json"))
    return [[counted(process) for process in json.loads(path.read_text(encoding="utf-8"))] for path in files]


def counted(process: dict[str, list[list[Any]]]) -> Process:
    """The samples that count of what a worker left: those that others did not disturb."""
    timed = {}
    for name, samples in process.items():
        module, _, point = name.partition("@")
        taken = [
            Taken(Sample(wall, lost, busy), calls, round=turn) for turn, wall, lost, busy, calls in samples
        ]
        timed[module, point] = timed_of(taken)
    return {cell: own for cell, own in timed.items() if own}


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.estimators", description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=12, help="runs under each condition (12)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"time budget of a run ({SECONDS:g})")
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

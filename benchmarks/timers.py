"""Our times beside those of other timers, of the same calls in one process under the same flags.

    python -m benchmarks.timers --device cuda:0 --out timers.json

Each peer is held against the figure of ours that is of the same thing:

- triton's do_bench_cudagraph, a graph of many calls with one input: device_time with hot inputs;
- triton's do_bench, events around each eager call, the L2 cache cleared before: device_time, which has no
  launches in it;
- torch's Timer.blocked_autorange, calls back to back by the host's clock: back_to_back with hot inputs.

Every repeat runs all of them, one after the other, on each module.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch

from attnprof.backends import BACKENDS, Backend, CaptureFailed
from attnprof.planning import plan
from attnprof.records.case import Case
from attnprof.spec import Spec
from benchmarks._figures import NORMAL
from benchmarks._timers import PAIRS, Subject, rings_of

BEGUN = perf_counter()
MODULES = "se,eca,cbam,ca,gc,nonlocal"
BATCHES = (1, 32)
NOTHING = 4


@dataclass(frozen=True)
class Timed:
    """Seconds of a call by one timer, in one repeat."""

    module: str
    batch: int
    timer: str
    repeat: int
    seconds: float


@dataclass
class Results:
    """What there is so far, in ``file`` after each figure. problems: what has none, and why."""

    file: Path | None = None
    rows: list[Timed] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)

    def attempt(self, what: str, work: Callable[[], Any]) -> Any:
        """What ``work`` returns; None, and a problem, where it fails, and where it has failed before."""
        if what in self.problems:
            return None
        try:
            return work()
        except (RuntimeError, CaptureFailed, ImportError) as problem:
            self.problems[what] = str(problem).partition("\n")[0]
            return None

    def write(self) -> None:
        """Write the file anew."""
        if self.file:
            results = {"rows": [asdict(row) for row in self.rows], "problems": self.problems}
            self.file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Ratio:
    """A peer's seconds over ours, and how much both vary over repeats."""

    module: str
    batch: int
    peer: str
    ratio: float
    peer_varies: float
    ours_varies: float


def measure(results: Results, subjects: dict[tuple[str, int], Subject], repeats: int, seconds: float) -> None:
    """Each subject under each timer, again and again, until so many seconds of the process are over."""
    for repeat in range(repeats):
        for (module, batch), subject in subjects.items():
            for timer, figure in subject.timers().items():
                if perf_counter() - BEGUN > seconds:
                    print(f"the time is up in repeat {repeat + 1}", file=sys.stderr)
                    return
                value = results.attempt(f"{timer}, {module}, batch {batch}", figure)
                if value is not None:
                    results.rows.append(Timed(module, batch, timer, repeat, value))
            results.write()


def subjects_of(
    options: argparse.Namespace, backend: Backend, results: Results
) -> dict[tuple[str, int], Subject]:
    """Every module at every batch, built; what cannot be is a problem of the results."""
    index = options.device.partition(":")[2]
    device = backend.device(int(index or 0))
    subjects = {}
    for batch in BATCHES:
        rings = None
        for case in cases(options, batch):
            if perf_counter() - BEGUN > options.seconds:
                return subjects
            rings = rings or rings_of(case, backend, device)
            work = partial(Subject, case, backend, device, rings)
            if subject := results.attempt(f"{case.module}, batch {batch}", work):
                subjects[case.module, batch] = subject
    return subjects


def cases(options: argparse.Namespace, batch: int) -> Iterator[Case]:
    """Each module at one batch."""
    spec = Spec(modules=options.modules, points=options.point, device=options.device, batch=batch)
    yield from (cell.case for cell in plan(spec, options.device).cells if not cell.refusal)


def ratios(rows: Sequence[Timed]) -> Iterator[Ratio]:
    """Each peer over ours, of each module at each batch."""
    for module, batch in dict.fromkeys((row.module, row.batch) for row in rows):
        own = [row for row in rows if (row.module, row.batch) == (module, batch)]
        for peer, figure in PAIRS.items():
            theirs = [row.seconds for row in own if row.timer == peer]
            ours = [row.seconds for row in own if row.timer == figure]
            if theirs and ours:
                ratio = median(theirs) / median(ours)
                yield Ratio(module, batch, peer, ratio, variation(theirs), variation(ours))


def variation(values: Sequence[float]) -> float:
    """The robust coefficient of variation."""
    centre = median(values)
    return NORMAL * median(abs(value - centre) for value in values) / centre


def lines(rows: Sequence[Timed]) -> Iterator[str]:
    """The ratios as a table."""
    yield f"{'module':12} {'batch':>5}  {'peer':20} {'over ours':>9} {'varies':>7} {'ours':>7}"
    for each in ratios(rows):
        varies = f"{each.peer_varies:6.1%} {each.ours_varies:6.1%}"
        yield f"{each.module:12} {each.batch:5}  {each.peer:20} {each.ratio:8.3f}x {varies}"


def main(words: list[str] | None = None) -> int:
    """Run all timers; exit code 4 where there is no such device."""
    options = _arguments(words)
    backend: Backend = BACKENDS.get(options.device.partition(":")[0])
    if reason := backend.unavailable():
        print(reason, file=sys.stderr)
        return NOTHING
    torch.set_num_threads(1)
    results = Results(options.out)
    try:
        measure(results, subjects_of(options, backend, results), options.repeats, options.seconds)
    except KeyboardInterrupt:
        print("interrupted: what follows is of the repeats that are done", file=sys.stderr)
    results.write()
    print(*lines(results.rows), sep="\n")
    print(*(f"{what}: {reason}" for what, reason in results.problems.items()), sep="\n")
    return 0 if results.rows else NOTHING


def _arguments(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.timers", description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--modules", default=MODULES)
    parser.add_argument("--point", default="64@56")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no figure after these")
    parser.add_argument("--out", type=Path)
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())

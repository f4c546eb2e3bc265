"""Device time and kernel time as attnprof measures them, beside torch's profiler (CUPTI), for every module.

    python -m benchmarks.kernels --device cuda:0 --out kernels.json

One profiler session a module and batch. Both look at the same replay of a graph: the device's events see its
span, the profiler each kernel, and so their sum, their gaps and their span. kernel_time is the sum over the
same calls issued one by one. At batch 1 kernels last about as long as a profiler's error; at the large batch
most modules' kernels last 30 us and more.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch

from attnprof.backends import BACKENDS, Backend, CaptureFailed
from attnprof.planning import plan
from attnprof.records.case import Case
from attnprof.spec import Spec
from attnprof.subject.calls import call_of
from attnprof.subject.inputs import ring
from benchmarks._bars import Bar
from benchmarks._cupti import replayed_and_eager, session

BEGUN = perf_counter()
SHARE, SECONDS = 0.03, 0.5e-6  # the goal: either of them
SAMPLES, MOST_CALLS = 9, 64
SAMPLE_SECONDS = 2e-3  # of a sample, about
LARGE_BATCH = 128
LONG_KERNEL = 30e-6  # seconds
NOT_SEEN = "the profiler sees no kernels: CUPTI is missing, or not allowed here"
MISSED, NOTHING = 1, 4


@dataclass(frozen=True)
class Compared:
    """Seconds of one call. device_time, kernel_time: ours. In the profiler's session: event_span, ours of the
    replay that it saw; span, busy: the profiler's, of that replay. count: kernels of a call."""

    module: str
    batch: int
    device_time: float
    kernel_time: float
    event_span: float
    span: float
    busy: float
    count: float

    @property
    def group(self) -> str:
        """What it is compared in: modules whose kernels last as long."""
        if self.batch == 1:
            return "batch 1"
        longer = self.kernel_time >= LONG_KERNEL * self.count
        return f"batch {self.batch}, {'30 us a kernel and more' if longer else 'shorter kernels'}"

    @property
    def pairs(self) -> dict[str, tuple[float, float]]:
        """(ours, the profiler's) of each figure."""
        return {
            "the replay's span": (self.event_span, self.span),
            "device_time": (self.device_time, self.span),
            "kernel_time": (self.kernel_time, self.busy),
        }


def agree(ours: float, theirs: float) -> bool:
    """Whether two figures agree, within the goal."""
    return abs(ours - theirs) <= max(SHARE * theirs, SECONDS)


def compare(case: Case, backend: Backend, device: torch.device) -> Compared | str:
    """Both figures for ``case``, or why there are none. Raises CaptureFailed."""
    call = call_of(case, device, ring(case, device, backend.cache_bytes()))
    for _ in range(3):
        call()
    once = max(backend.sample(call, 3).wall / 3, 1e-9)
    calls = max(1, min(MOST_CALLS, round(SAMPLE_SECONDS / once)))
    kernels = backend.capture(call, calls)
    if kernels is None or not kernels.captured:
        return kernels.note if kernels else "there are no graphs"
    samples = [kernels.sample().device for _ in range(SAMPLES)]
    burst, events = session(kernels)
    if not events:
        return NOT_SEEN
    if burst.device is None or None in samples:
        return kernels.note
    replay, eager = replayed_and_eager(events, calls)
    device_time = median(sample for sample in samples if sample is not None)
    return Compared(
        case.module, case.batch, device_time, eager.busy, burst.device, replay.span, replay.busy, eager.count
    )


class Results:
    """What there is so far, on disk after each module."""

    def __init__(self, file: Path | None, goes_on: bool) -> None:
        self._file = file
        before = json.loads(file.read_text(encoding="utf-8")) if file and goes_on else {}
        self.rows = [Compared(**row) for row in before.get("rows", [])]
        self.blank: dict[str, str] = before.get("blank", {})
        self._spent: float = before.get("spent", 0.0)

    @property
    def spent(self) -> float:
        """Seconds so far, of all processes."""
        return self._spent + perf_counter() - BEGUN

    def has(self, case: Case) -> bool:
        """Whether ``case`` is done."""
        return _key(case) in self.blank or (case.module, case.batch) in [
            (row.module, row.batch) for row in self.rows
        ]

    def note(self, case: Case, result: Compared | str) -> None:
        """Keep what came of ``case``."""
        if isinstance(result, str):
            self.blank[_key(case)] = result
        else:
            self.rows.append(result)
        self.write()

    def write(self) -> None:
        """Write the file anew."""
        if self._file:
            rows = [asdict(row) for row in self.rows]
            results = {"rows": rows, "blank": self.blank, "spent": self.spent}
            self._file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def _key(case: Case) -> str:
    return f"{case.module}, batch {case.batch}"


def lines(rows: Sequence[Compared]) -> Iterator[str]:
    """A table of each group, the farthest apart first."""
    for group in dict.fromkeys(row.group for row in rows):
        yield f"{group:28} {'device time':>12} {'span':>9} {'kernel time':>12} {'busy':>9} {'kernels':>8}"
        own = [row for row in rows if row.group == group]
        for row in sorted(own, key=lambda row: abs(row.event_span / row.span - 1), reverse=True):
            figures = (row.device_time, row.span, row.kernel_time, row.busy)
            texts = (f"{1e6 * figure:.2f}" for figure in figures)
            yield f"{row.module:28} {{:>12}} {{:>9}} {{:>12}} {{:>9}}".format(*texts) + f" {row.count:8.0f}"
    yield ""


def bars(rows: Sequence[Compared]) -> Iterator[Bar]:
    """In each group, how many of the figures agree with the profiler's."""
    for group in dict.fromkeys(row.group for row in rows):
        own = [row.pairs for row in rows if row.group == group]
        for name in own[0]:
            hits = sum(agree(*pairs[name]) for pairs in own)
            what = f"{group}: {name} within {SHARE:.0%} or {1e6 * SECONDS:g} us"
            yield Bar(what, hits / len(own), 1.0, least=True, note=f"of {len(own)}")


def main(words: list[str] | None = None) -> int:
    """Compare every module; exit code 1 when the goal is missed, 4 when there is nothing to compare."""
    options = _arguments(words)
    name, _, index = options.device.partition(":")
    backend: Backend = BACKENDS.get(name)
    if reason := backend.unavailable():
        print(reason, file=sys.stderr)
        return NOTHING
    device = backend.device(int(index or 0))
    if backend.capture(lambda: torch.ones(1, device=device), 1) is None:
        print(f"{device} has no clock of its own: there is nothing to compare", file=sys.stderr)
        return NOTHING
    results = Results(options.out, options.goes_on)
    for case in cases(options):
        if results.has(case):
            continue
        if results.spent > options.seconds:
            print(f"the time is up before {_key(case)}", file=sys.stderr)
            break
        try:
            results.note(case, compare(case, backend, device))
        except CaptureFailed as problem:  # this process can measure nothing more
            results.note(case, str(problem))
            if options.out is None:
                break
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:], "--goes-on"])
        except (RuntimeError, ValueError) as problem:
            results.note(case, str(problem).partition("\n")[0])
    results.write()
    return _tell(results)


def cases(options: argparse.Namespace) -> Iterator[Case]:
    """Each module at batch 1, then each at the large batch."""
    for batch in (1, LARGE_BATCH):
        spec = Spec(modules=options.modules, points=options.point, device=options.device, batch=batch)
        yield from (cell.case for cell in plan(spec, options.device).cells if not cell.refusal)


def _tell(results: Results) -> int:
    print(*lines(results.rows), sep="\n")
    print(*(bar.text for bar in bars(results.rows)), sep="\n")
    print(*(f"{key}: {reason}" for key, reason in results.blank.items()), sep="\n")
    if not results.rows:
        return NOTHING
    return 0 if all(bar.kept for bar in bars(results.rows)) else MISSED


def _arguments(words: list[str] | None) -> Any:
    parser = argparse.ArgumentParser("python -m benchmarks.kernels", description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--modules", default="all")
    parser.add_argument("--point", default="64@56")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no module after these")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--goes-on", action="store_true", help="with what --out has already")
    return parser.parse_args(words)


if __name__ == "__main__":
    sys.exit(main())

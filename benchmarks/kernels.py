"""Device time as attnprof measures it, beside the sum of kernel times in torch's profiler (CUPTI), for every
module.

    python -m benchmarks.kernels --device cuda:0 --out kernels.json

Both time the same calls on the same inputs. The profiler sees each kernel by itself; the device's events see
all of them with the gaps that a replayed graph leaves between them, and so the sum of busy and idle time is
told, too.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import torch
from torch._C._autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from attnprof.backends import BACKENDS, Backend, Call
from attnprof.planning import plan
from attnprof.records.case import Case
from attnprof.spec import Spec
from attnprof.subject.calls import call_of
from attnprof.subject.inputs import ring

SHARE, SECONDS = 0.03, 0.5e-6  # the bar: either of them
SAMPLES, MOST_CALLS = 9, 64


@dataclass(frozen=True)
class Compared:
    """Seconds of one call. device_time: ours. kernels: the profiler's sum; span: from the first kernel's
    begin to the last one's end, per call. count: kernels of one call. captured: ours replayed a graph."""

    module: str
    device_time: float
    kernels: float
    span: float
    count: float
    captured: bool

    @property
    def agrees(self) -> bool:
        """Whether ours is the profiler's sum, within the bar."""
        return abs(self.device_time - self.kernels) <= max(SHARE * self.kernels, SECONDS)


def busy_and_span(events: Iterable[tuple[float, float]], calls: int) -> tuple[float, float]:
    """Of kernels given as (begin, end): their time together, and from the first begin to the last end; per
    call."""
    found = sorted(events)
    if not found:
        return 0.0, 0.0
    busy = sum(end - begin for begin, end in found)
    return busy / calls, (max(end for _, end in found) - found[0][0]) / calls


def compare(case: Case, backend: Backend, device: torch.device) -> Compared:
    """Both figures for ``case``."""
    call = call_of(case, device, ring(case, device, backend.cache_bytes()))
    for _ in range(3):
        call()
    once = max(backend.sample(call, 3).wall / 3, 1e-9)
    calls = max(1, min(MOST_CALLS, round(2e-3 / once)))
    kernels = backend.capture(call, calls)
    assert kernels is not None
    ours = median(kernels.sample().device or 0.0 for _ in range(SAMPLES))
    seen = [_profiled(call, calls) for _ in range(3)]
    busy, span, count = (median(column) for column in zip(*seen, strict=True))
    return Compared(case.title, ours, busy, span, count, kernels.captured)


def _profiled(call: Call, calls: int) -> tuple[float, float, float]:
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        for _ in range(calls):
            call()
        torch.cuda.synchronize()
    events = profiled.profiler.kineto_results.events()
    found = [
        (e.start_ns() / 1e9, (e.start_ns() + e.duration_ns()) / 1e9)
        for e in events
        if e.device_type() == DeviceType.CUDA
    ]
    return *busy_and_span(found, calls), len(found) / calls


def lines(found: Sequence[Compared]) -> list[str]:
    """The table, the farthest apart first, and the bar."""
    apart = sorted(found, key=lambda each: abs(each.device_time / max(each.kernels, 1e-12) - 1), reverse=True)
    table = [f"{'module':24} {'device time':>12} {'kernels':>10} {'span':>10} {'ratio':>6} {'n':>5}"]
    for each in apart:
        ratio = each.device_time / max(each.kernels, 1e-12)
        told = f"{1e6 * each.device_time:9.2f} us {1e6 * each.kernels:7.2f} us {1e6 * each.span:7.2f} us"
        note = "" if each.agrees else " !"
        table.append(f"{each.module[:24]:24} {told} {ratio:6.3f} {each.count:5.0f}{note}")
    agree = sum(each.agrees for each in found)
    bar = (
        f"device time within {SHARE:.0%} or {1e6 * SECONDS:g} us of the kernels' sum: {agree} of {len(found)}"
    )
    return [*table, f"{bar}: {'kept' if found and agree == len(found) else 'MISSED'}"]


def main(words: list[str] | None = None) -> int:
    """Compare every module; exit code 1 when the bar is missed, 4 when there is no such device."""
    parser = argparse.ArgumentParser("python -m benchmarks.kernels", description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda:0")
    parser.add_argument("--modules", default="all")
    parser.add_argument("--point", default="64@56")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args(words)
    name, _, index = asked.device.partition(":")
    backend: Backend = BACKENDS.get(name)
    if reason := backend.unavailable():
        print(reason, file=sys.stderr)
        return 4
    device = backend.device(int(index or 0))
    if backend.kernels(lambda: None, 1) is None:
        print(f"{device} has no clock of its own: there is nothing to compare", file=sys.stderr)
        return 4
    found, failed = [], {}
    for cell in plan(
        Spec(modules=asked.modules, points=asked.point, device=asked.device), asked.device
    ).cells:
        if cell.refusal:
            continue
        try:
            found.append(compare(cell.case, backend, device))
        except RuntimeError as problem:
            failed[cell.case.title] = str(problem).splitlines()[0]
            continue
        if asked.out:  # what is there is kept, should the time run out
            rows = [{**asdict(each), "agrees": each.agrees} for each in found]
            asked.out.write_text(
                json.dumps({"rows": rows, "failed": failed}, indent=1) + "\n", encoding="utf-8"
            )
    print("\n".join([*lines(found), *(f"{title}: {reason}" for title, reason in failed.items())]))
    return int(bool(failed) or not all(each.agrees for each in found))


if __name__ == "__main__":
    sys.exit(main())

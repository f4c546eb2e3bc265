"""Timing one call: warm-up until steady, samples of many calls, clean ones kept, stopped at a precision or a budget."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from statistics import median

from attnprof.backends import Backend, Call, Sample
from attnprof.measuring.interval import FEWEST, half_width, median_interval

WARM_SECONDS = 10e-3  # length of a warm-up block
WARM_SHARE = 0.12  # of the budget, at most
STEADY = 0.02  # the last three warm-up blocks agree within this
CLEAN = 0.01  # a sample that others took more of than this is not clean
FEWEST_VISITS = 12
MOST_SAMPLES = 2000


@dataclass(frozen=True)
class Timing:
    """What timing a call gave. samples: seconds per call, each the mean of ``calls`` calls, in the order taken.

    taken: samples before the unclean ones were left out. first: seconds of the very first call. flags: of record.FLAGS.
    """

    samples: tuple[float, ...]
    calls: int
    taken: int
    first: float
    flags: tuple[str, ...] = ()

    @property
    def median(self) -> float:
        """Seconds per call: the median of the samples."""
        return median(self.samples)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its 95 % interval within this process, in seconds; None below FEWEST samples."""
        return median_interval(self.samples)


def time_call(
    backend: Backend, call: Call, precision: float, budget: float, watch: Callable[[float], None] = lambda seconds: None
) -> Timing:
    """Time ``call`` until the interval's half-width is at most ``precision`` of the median, or ``budget`` seconds are spent.

    At least FEWEST samples are taken whatever the budget, so that there is an interval to show. ``watch`` is told
    the estimate in seconds per call as it forms.
    """
    first = backend.sample(call, 1).wall
    per_call, spent, steady = _warm(backend, call, WARM_SHARE * budget)
    watch(per_call)
    calls = max(1, ceil(backend.sample_seconds / per_call))
    taken: list[Sample] = []
    check = FEWEST_VISITS
    while len(taken) < MOST_SAMPLES:
        taken.append(backend.sample(call, calls))
        spent += taken[-1].wall
        if spent >= budget and len(taken) >= FEWEST:
            break
        if len(taken) >= check:
            samples, _ = _judge(taken, calls)
            watch(median(samples))
            reached = half_width(samples)
            if reached is not None and reached <= precision:
                break
            check += max(4, len(taken) // 4)
    samples, contended = _judge(taken, calls)
    flags = ("contended",) * contended + ("not-steady",) * (not steady)
    return Timing(tuple(samples), calls, len(taken), first, flags)


def _warm(backend: Backend, call: Call, limit: float) -> tuple[float, float, bool]:
    """Seconds per call, seconds spent, and whether the last three blocks agreed."""
    blocks: list[float] = []
    spent, calls = 0.0, 1
    while True:
        sample = backend.sample(call, calls)
        spent += sample.wall
        # What others took of the machine says nothing about whether the call has settled.
        blocks.append(max(sample.wall if sample.busy is None else sample.busy, 1e-9) / calls)
        last = sorted(blocks[-3:])
        if len(last) == 3 and last[2] - last[0] <= STEADY * last[1]:
            return last[1], spent, True
        if spent >= limit and len(blocks) >= 2:
            return median(last), spent, False
        calls = max(1, ceil(WARM_SECONDS / blocks[-1]))


def _judge(taken: list[Sample], calls: int) -> tuple[list[float], bool]:
    """Seconds per call of the samples to trust, and whether contention forced CPU time upon us."""
    busy = [sample.busy for sample in taken if sample.busy is not None]
    if len(busy) < len(taken):
        return [sample.wall / calls for sample in taken], False
    clean = [s.wall / calls for s, b in zip(taken, busy, strict=True) if s.wall - b <= CLEAN * s.wall]
    if len(clean) >= max(FEWEST, 0.2 * len(taken)):
        return clean, False
    return [b / calls for b in busy], True

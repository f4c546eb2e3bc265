"""Which samples of a cell count, and what its figures are: only a cause takes a sample out, never its length."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from attnprof.backends import Burst, Condition, Sample
from attnprof.measuring.signs import drifts, is_bimodal
from attnprof.stats import FEWEST, Interval, median_interval, quartiles

CLEAN = 0.01  # a sample that others took more of than this is not clean
FEWEST_CLEAN = 0.2  # of the samples; fewer say too little of the rest
SLOWED = 0.9  # of the median clock: below, the sample is another device's
LAUNCH_BOUND = 1.1  # times the device's own time: more than that is spent on launching


@dataclass(frozen=True)
class Taken:
    """One sample as it was taken: of how many calls, in which state of the device, with the burst beside it."""

    sample: Sample
    calls: int
    condition: Condition | None = None
    burst: Burst | None = None


@dataclass(frozen=True)
class Timing:
    """What timing a call gave in one process.

    samples: seconds per call of the samples that count, each the mean of ``calls`` calls, in the order taken; none where
    nothing can be said. taken: how many there were. first: seconds of the very first call. flags: of record.FLAGS.
    spread: show what the middle half lies between, instead of an interval. bursts: of the device's own clock, where it has
    one; captured: they were replayed as a graph. reference: seconds of the kernel that was visited in the same rounds.
    """

    samples: tuple[float, ...]
    calls: int
    taken: int
    first: float
    flags: tuple[str, ...] = ()
    spread: bool = False
    bursts: tuple[Burst, ...] = ()
    captured: bool = False
    conditions: tuple[Condition, ...] = ()
    reference: float | None = None

    @property
    def median(self) -> float:
        """Seconds per call: the median of the samples. There must be one."""
        return median(self.samples)

    @property
    def interval(self) -> Interval | None:
        """What the median lies between in this process, in seconds, as ``kind`` says; None where samples are too few."""
        return interval_of(self.samples, self.spread)

    @property
    def kind(self) -> str:
        """'samples' for a 95 % interval, 'spread' for quartiles, '' for none."""
        return "" if self.interval is None else "spread" if self.spread else "samples"


def interval_of(samples: Sequence[float], spread: bool) -> Interval | None:
    """The quartiles of ``samples`` where ``spread``, else the 95 % interval of their median; None where they are too few."""
    return quartiles(samples) if spread else median_interval(samples)


@dataclass(frozen=True)
class Verdict:
    """The samples that count: seconds per call, the bursts beside them, and what is to be said of them."""

    samples: tuple[float, ...]
    bursts: tuple[Burst, ...]
    flags: tuple[str, ...]


def judge(taken: Sequence[Taken]) -> Verdict:
    """Leave out what a slowed device or other programs spoilt.

    Of the samples left, the clean ones count if they are at least FEWEST (or all there are) and a fifth. Otherwise the
    thread's CPU time stands for wall time where it may, and where it may not there is no value: 'contended' says both.
    """
    kept, flags = _of_a_device_at_speed(taken)
    bursts = tuple(each.burst for each in kept if each.burst)
    samples, contended = _clean(kept)
    flags += ["contended"] * contended
    flags += ["drift"] * drifts(samples) + ["bimodal"] * is_bimodal(samples)
    if bursts and median(burst.host / burst.device for burst in bursts) > LAUNCH_BOUND:
        flags.append("launch-bound")
    return Verdict(tuple(samples), bursts, tuple(flags))


def samples_of(taken: Sequence[Taken]) -> list[float]:
    """The samples that ``judge`` lets count, without looking for what may be wrong with them."""
    return _clean(_of_a_device_at_speed(taken)[0])[0]


def _of_a_device_at_speed(taken: Sequence[Taken]) -> tuple[Sequence[Taken], list[str]]:
    told = [each.condition for each in taken if each.condition]
    if len(told) < len(taken) or not told:
        return taken, []
    usual = median(condition.clock for condition in told)
    at_speed = [
        each
        for each, now in zip(taken, told, strict=True)
        if not now.throttled and now.clock >= SLOWED * usual
    ]
    slowed = len(at_speed) < len(taken)
    # What is slow all the time is what this device is now: then every sample counts, and the flag says what they are.
    kept = at_speed if len(at_speed) >= max(FEWEST, FEWEST_CLEAN * len(taken)) else taken
    return kept, ["throttled"] * slowed + ["power-capped"] * any(condition.capped for condition in told)


def _clean(taken: Sequence[Taken]) -> tuple[list[float], bool]:
    samples = [(each.sample, each.calls) for each in taken]
    if any(sample.lost is None for sample, _ in samples):
        return [sample.wall / calls for sample, calls in samples], False
    clean = [s.wall / calls for s, calls in samples if s.lost is not None and s.lost <= CLEAN * s.wall]
    if clean and len(clean) >= max(min(FEWEST, len(samples)), FEWEST_CLEAN * len(samples)):
        return clean, False
    return [s.busy / calls for s, calls in samples if s.busy is not None], True

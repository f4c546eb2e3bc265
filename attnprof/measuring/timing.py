"""Which samples of a cell count, and its figures: a sample is left out for a cause, never for its length."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from attnprof.backends import Burst, Condition, Sample
from attnprof.measuring.estimators import MEDIAN, Estimator
from attnprof.measuring.signs import drifts, is_bimodal, settles
from attnprof.stats import FEWEST, Interval, median_interval, quartiles

CLEAN = 0.01  # a sample that others took more of than this is not clean
FEWEST_CLEAN = 0.2  # of the samples; fewer say too little of the rest
SLOWED = 0.9  # of the median clock: below, the sample is another device's
LAUNCH_BOUND = 1.1  # times the device's own time: more than that is spent on launching

Timed = tuple[int, float]  # a sample that counts: the round that it was taken in, and its seconds per call


@dataclass(frozen=True)
class Taken:
    """One sample as it was taken."""

    sample: Sample
    calls: int
    condition: Condition | None = None  # of the device
    burst: Burst | None = None  # by the device's own clock
    round: int = 0  # in which it was taken


@dataclass(frozen=True)
class Timing:
    """The timing of a call in one process."""

    samples: tuple[float, ...]  # seconds per call of the samples that count, in the order taken
    calls: int  # of which each sample is the mean
    taken: int  # samples, those that do not count included
    first: float  # seconds of the very first call
    flags: tuple[str, ...] = ()  # of attnprof.records.record.FLAGS
    spread: bool = False  # show quartiles instead of a confidence interval
    bursts: tuple[Burst, ...] = ()  # by the device's own clock, where it has one
    captured: bool = False  # the bursts were replayed as a graph
    conditions: tuple[Condition, ...] = ()  # of the device
    reference: float | None = None  # seconds of the control kernel in the same rounds
    estimator: Estimator = MEDIAN  # how the samples become a figure

    @property
    def seconds(self) -> float:
        """Seconds per call: the estimator's figure of the samples. There must be one."""
        return self.estimator.of(self.samples)

    @property
    def interval(self) -> Interval | None:
        """An interval that holds ``seconds``, in this process; None where there are too few samples."""
        if not self.spread:
            return self.estimator.interval(self.samples)
        ends = quartiles(self.samples)
        if ends is None:
            return None
        low, high = ends  # the figure may be one of them, or lie below
        return min(low, self.seconds), max(high, self.seconds)

    @property
    def kind(self) -> str:
        """'samples' for a 95 % interval, 'spread' for quartiles, '' for none."""
        return "" if self.interval is None else "spread" if self.spread else "samples"


def interval_of(samples: Sequence[float], spread: bool) -> Interval | None:
    """The quartiles of ``samples`` where ``spread``, else the 95 % interval of their median; None for too
    few."""
    return quartiles(samples) if spread else median_interval(samples)


@dataclass(frozen=True)
class Judgement:
    """The samples that count."""

    samples: tuple[float, ...]  # seconds per call
    bursts: tuple[Burst, ...]  # by the device's own clock
    flags: tuple[str, ...]  # of attnprof.records.record.FLAGS


def judge(taken: Sequence[Taken], by: Estimator = MEDIAN) -> Judgement:
    """Leave out what a slowed device or other programs spoilt.

    Of the samples left, the clean ones count if they are at least FEWEST (or all there are) and a fifth.
    Otherwise the thread's CPU time stands for wall time where it may, and where it may not there is no value:
    'contended' says both. by: drift is of its figures.
    """
    counted, flags = _at_speed(taken)
    bursts = tuple(each.burst for each in counted if each.burst)
    timed, contended = _clean(counted)
    samples = [seconds for _, seconds in timed]
    if contended:
        flags.append("contended")
    if settles(samples, by.of):
        flags.append("not-steady")
    elif drifts(samples, by.of):
        flags.append("drift")
    if is_bimodal(samples):
        flags.append("bimodal")
    if bursts and median(burst.host / burst.device for burst in bursts) > LAUNCH_BOUND:
        flags.append("launch-bound")
    return Judgement(tuple(samples), bursts, tuple(flags))


def timed_of(taken: Sequence[Taken]) -> list[Timed]:
    """The samples that ``judge`` lets count, without looking for what may be wrong with them."""
    return _clean(_at_speed(taken)[0])[0]


def _at_speed(taken: Sequence[Taken]) -> tuple[Sequence[Taken], list[str]]:
    """The samples of a device that was not slowed, and flags."""
    conditions = [each.condition for each in taken if each.condition]
    if len(conditions) < len(taken) or not conditions:
        return taken, []
    usual = median(condition.clock for condition in conditions)
    at_speed = [
        each
        for each, condition in zip(taken, conditions, strict=True)
        if not condition.throttled and condition.clock >= SLOWED * usual
    ]
    flags: list[str] = []
    if len(at_speed) < len(taken):
        flags.append("throttled")
    if any(condition.capped for condition in conditions):
        flags.append("power-capped")
    # What is slow all the time is what this device is now: then every sample counts, and the flag says what
    # they are.
    enough = len(at_speed) >= max(FEWEST, FEWEST_CLEAN * len(taken))
    return at_speed if enough else taken, flags


def _clean(taken: Sequence[Taken]) -> tuple[list[Timed], bool]:
    """The samples that other programs did not disturb, and whether there were too few of these."""
    if any(each.sample.lost is None for each in taken):
        return [(each.round, each.sample.wall / each.calls) for each in taken], False
    clean = [(each.round, each.sample.wall / each.calls) for each in taken if _is_clean(each.sample)]
    if clean and len(clean) >= max(min(FEWEST, len(taken)), FEWEST_CLEAN * len(taken)):
        return clean, False
    busy = ((each.round, each.sample.busy, each.calls) for each in taken)
    return [(turn, seconds / calls) for turn, seconds, calls in busy if seconds is not None], True


def _is_clean(sample: Sample) -> bool:
    return sample.lost is not None and sample.lost <= CLEAN * sample.wall

"""Which samples of a cell count, and its figures: a sample is left out for a cause, never for its length."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

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
    round: int = 0  # in which it was taken


class MeasuredTime(NamedTuple):
    """Seconds per call, by one clock."""

    seconds: float
    interval: Interval | None
    kind: str  # 'samples' for a 95 % interval, 'spread' for quartiles, '' for none
    n: int  # samples


@dataclass(frozen=True)
class Timing:
    """The timing of a call in one process."""

    samples: tuple[float, ...]  # seconds per call of the samples that count, in the order taken
    calls: int  # of which each sample is the mean
    taken: int  # samples, those that do not count included
    first: float  # seconds of the very first call
    flags: tuple[str, ...] = ()  # of attnprof.records.record.FLAGS
    spread: bool = False  # show quartiles instead of a confidence interval
    bursts: tuple[Burst, ...] = ()  # calls back to back, where the device has a clock of its own
    device_note: str = ""  # why the device's own clock gives no figure, or what qualifies it
    conditions: tuple[Condition, ...] = ()  # of the device
    reference: float | None = None  # seconds of the control kernel in the same rounds
    estimator: Estimator = MEDIAN  # how the samples become a figure

    @property
    def by_device(self) -> MeasuredTime | None:
        """By the device's own clock, the median of its samples; None where it gives no figure."""
        samples = [burst.device for burst in self.bursts if burst.device is not None]
        return median_time(samples, self.spread) if samples else None

    @property
    def by_host(self) -> MeasuredTime:
        """By the host's clock: the latency. There must be a sample."""
        return MeasuredTime(self.seconds, self.interval, self.kind, len(self.samples))

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


def median_time(samples: Sequence[float], spread: bool) -> MeasuredTime:
    """The median of ``samples``, which are not empty, in the order taken, with its interval."""
    interval = interval_of(samples, spread)
    kind = "" if interval is None else "spread" if spread else "samples"
    return MeasuredTime(median(samples), interval, kind, len(samples))


@dataclass(frozen=True)
class Judgement:
    """The samples that count."""

    samples: tuple[float, ...]  # seconds per call
    flags: tuple[str, ...]  # of attnprof.records.record.FLAGS


def judge(taken: Sequence[Taken], by: Estimator = MEDIAN, bursts: Sequence[Burst] = ()) -> Judgement:
    """Leave out what a slowed device or other programs spoilt.

    Of the samples left, the clean ones count if they are at least FEWEST (or all there are) and a fifth.
    Otherwise the thread's CPU time stands for wall time where it may, and where it may not there is no value:
    'contended' says both. by: drift is of its figures. bursts: calls back to back.
    """
    conditions = _conditions(taken)
    slowed = _slowed(conditions)
    counted = _at_speed(taken, slowed)
    timed, contended = _clean(counted)
    samples = [seconds for _, seconds in timed]
    not_steady = settles(samples, by.of)
    signs = {
        "throttled": any(condition.throttled for condition in conditions),
        "power-capped": any(condition.capped for condition in conditions),
        "contended": contended,
        "not-steady": not_steady,
        "drift": not not_steady and drifts(samples, by.of),
        "bimodal": is_bimodal(samples),
        "launch-bound": _is_launch_bound(bursts),
    }
    return Judgement(tuple(samples), tuple(flag for flag, shows in signs.items() if shows))


def timed_of(taken: Sequence[Taken]) -> list[Timed]:
    """The samples that ``judge`` lets count, without looking for what may be wrong with them."""
    slowed = _slowed(_conditions(taken))
    timed, _ = _clean(_at_speed(taken, slowed))
    return timed


def _is_launch_bound(bursts: Sequence[Burst]) -> bool:
    ratios = [burst.host / burst.device for burst in bursts if burst.device]
    return bool(ratios) and median(ratios) > LAUNCH_BOUND


def _conditions(taken: Sequence[Taken]) -> list[Condition]:
    """The device's condition at each sample; none where it did not report all of them."""
    conditions = []
    for each in taken:
        if each.condition is None:
            return []
        conditions.append(each.condition)
    return conditions


def _slowed(conditions: Sequence[Condition]) -> list[bool]:
    """Of each sample, whether the device was slowed while it was taken."""
    if not conditions:
        return []
    slow = SLOWED * median(condition.clock for condition in conditions)
    return [condition.throttled or condition.clock < slow for condition in conditions]


def _at_speed(taken: Sequence[Taken], slowed: Sequence[bool]) -> Sequence[Taken]:
    """The samples during which the device was not slowed, or all where there are too few of these."""
    if not any(slowed):
        return taken
    at_speed = [each for each, is_slow in zip(taken, slowed, strict=True) if not is_slow]
    # What is slow all the time is what this device is now: then every sample counts, and the flag says what
    # they are.
    enough = len(at_speed) >= max(FEWEST, FEWEST_CLEAN * len(taken))
    return at_speed if enough else taken


def _clean(taken: Sequence[Taken]) -> tuple[list[Timed], bool]:
    """The samples that other programs did not disturb, and whether there were too few of these."""
    losses = [each.sample.lost for each in taken if each.sample.lost is not None]
    if len(losses) < len(taken):
        return _by_the_wall(taken), False
    clean = [each for each, lost in zip(taken, losses, strict=True) if lost <= CLEAN * each.sample.wall]
    if clean and len(clean) >= max(min(FEWEST, len(taken)), FEWEST_CLEAN * len(taken)):
        return _by_the_wall(clean), False
    return _by_the_thread(taken), True


def _by_the_wall(taken: Sequence[Taken]) -> list[Timed]:
    """Samples in wall time."""
    return [(each.round, each.sample.wall / each.calls) for each in taken]


def _by_the_thread(taken: Sequence[Taken]) -> list[Timed]:
    """Samples in CPU time, those that have it."""
    busy = ((each.round, each.sample.busy, each.calls) for each in taken)
    return [(turn, seconds / calls) for turn, seconds, calls in busy if seconds is not None]

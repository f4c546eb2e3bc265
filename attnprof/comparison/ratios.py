"""How a time changed: the ratio of two runs' processes, its interval, and the verdict on it.

Processes are the independent samples: each gives one figure, the median of its own samples. One process does
not show how much processes differ, so with a single process only a much larger difference counts.
"""

from dataclasses import dataclass

from attnprof.stats import Interval, ratio_interval

FASTER, SLOWER, SAME, UNCLEAR = VERDICTS = ("faster", "slower", "same", "unclear")
APART = 0.10  # single processes of one cell differ by less; beyond that, it is the cell that changed


@dataclass(frozen=True)
class Side:
    """One run's times of a cell."""

    seconds: float
    processes: tuple[float, ...]  # seconds of each, all positive
    interval: Interval | None = None  # of ``seconds``, as the run gives it


@dataclass(frozen=True)
class Outcome:
    """The verdict on how a cell's time changed."""

    before: Side
    after: Side
    verdict: str  # one of VERDICTS
    interval: Interval | None  # 95 % interval of the ratio; None where processes are too few
    why: str = ""  # of an unclear verdict, or of one from samples

    @property
    def ratio(self) -> float:
        """After over before."""
        return self.after.seconds / self.before.seconds


def judge(before: Side, after: Side, tolerance: float) -> Outcome:
    """Slower or faster where all of the ratio's interval is beyond ``tolerance``, same where it is within.

    With one process on a side there is no such interval: the verdict is slower or faster where the sides' own
    intervals are APART and ``tolerance`` from each other, else unclear.
    """
    interval = ratio_interval(before.processes, after.processes)
    if interval is None:
        verdict, why = _by_samples(before, after, tolerance)
        return Outcome(before, after, verdict, None, why)
    ratio = (
        after.seconds / before.seconds
    )  # of two medians: it may lie outside the interval, which is of means
    interval = min(interval[0], ratio), max(interval[1], ratio)
    verdict = verdict_of(interval, tolerance)
    why = "the interval of the ratio reaches across the tolerance" if verdict == UNCLEAR else ""
    return Outcome(before, after, verdict, interval, why)


def verdict_of(interval: Interval, tolerance: float) -> str:
    """The verdict on a ratio's interval: all of it beyond the tolerance, or all of it within."""
    low, high = interval
    if low > 1 + tolerance:
        return SLOWER
    if high < 1 / (1 + tolerance):
        return FASTER
    return SAME if low >= 1 / (1 + tolerance) and high <= 1 + tolerance else UNCLEAR


def _by_samples(before: Side, after: Side, tolerance: float) -> tuple[str, str]:
    alone = f"one process {'each' if len(before.processes) == len(after.processes) else 'on one side'}"
    if before.interval is None or after.interval is None:
        return UNCLEAR, f"{alone}, and too few samples for an interval"
    margin = max(APART, tolerance)
    least, most = after.interval[0] / before.interval[1], after.interval[1] / before.interval[0]
    if least > 1 + margin or most < 1 / (1 + margin):
        why = f"{alone}: told by samples, which lie more than {100 * margin:.0f} % apart"
        return SLOWER if least > 1 else FASTER, why
    return UNCLEAR, f"{alone}, and samples that are not {100 * margin:.0f} % apart"

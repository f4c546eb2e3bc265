"""How a time changed: the ratio of what the processes of two runs found, its interval, and what may be said of it.

Processes are what is independent: each gives one figure, the median of its samples. The samples of one process say nothing
of how much processes differ, so with a single process only a difference far beyond that counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, log, sqrt
from statistics import fmean, variance

from attnprof.stats import CONFIDENCE, FEWEST, Interval

FASTER, SLOWER, SAME, UNCLEAR = VERDICTS = ("faster", "slower", "same", "unclear")
APART = 0.10  # what single processes of one cell are taken to differ by at most: beyond that, it is the cell that differs
# Student's t, 97.5 %, by degrees of freedom.
STUDENT = {
    1: 12.706,
    2: 4.303,
    3: 3.182,
    4: 2.776,
    5: 2.571,
    6: 2.447,
    7: 2.365,
    8: 2.306,
    9: 2.262,
    10: 2.228,
}


@dataclass(frozen=True)
class Side:
    """What one run found of a cell. seconds: its figure. processes: the figure of each, all positive.

    interval: of ``seconds`` as the run itself gives it, None where it has none.
    """

    seconds: float
    processes: tuple[float, ...]
    interval: Interval | None = None


@dataclass(frozen=True)
class Outcome:
    """What may be said of a cell. interval: the 95 % interval of its ratio, None where processes are too few.

    why: of a verdict that is unclear, or that rests on less than processes; else empty.
    """

    before: Side
    after: Side
    verdict: str
    interval: Interval | None
    why: str = ""

    @property
    def ratio(self) -> float:
        """After over before."""
        return self.after.seconds / self.before.seconds


def judge(before: Side, after: Side, tolerance: float) -> Outcome:
    """Slower or faster: the whole interval of the ratio is beyond ``tolerance``; same: all of it is within. Else unclear.

    With one process on a side there is no such interval: then the sides' own intervals must be APART and ``tolerance``
    from each other to be told apart, and nothing is called the same.
    """
    interval = ratio_interval(before.processes, after.processes)
    if interval is None:
        verdict, why = _by_samples(before, after, tolerance)
        return Outcome(before, after, verdict, None, why)
    ratio = after.seconds / before.seconds  # of two middles: it may lie outside of what is formed from means
    interval = min(interval[0], ratio), max(interval[1], ratio)
    verdict = verdict_of(interval, tolerance)
    why = "the interval of the ratio reaches across the tolerance" if verdict == UNCLEAR else ""
    return Outcome(before, after, verdict, interval, why)


def verdict_of(interval: Interval, tolerance: float) -> str:
    """What the interval of a ratio says: whether all of it is beyond the tolerance, on which side, or within."""
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


def ratio_interval(before: Sequence[float], after: Sequence[float]) -> Interval | None:
    """The 95 % interval of after / before from independent processes; None with fewer than two on a side.

    From FEWEST processes on each side by the ranks of all pairs' ratios (Hodges and Lehmann, 1963); below, t on the logarithms
    with Welch's degrees of freedom, because two runs need not be equally noisy.
    """
    if min(len(before), len(after)) < 2:
        return None
    if min(len(before), len(after)) >= FEWEST:
        pairs = sorted(late / early for early in before for late in after)
        rank = pair_rank(len(before), len(after))
        return pairs[rank - 1], pairs[-rank]
    return _welch([log(each) for each in before], [log(each) for each in after])


def _welch(before: Sequence[float], after: Sequence[float]) -> Interval:
    difference = fmean(after) - fmean(before)
    parts = [variance(each) / len(each) for each in (before, after)]
    total = sum(parts)
    if total == 0:
        return exp(difference), exp(difference)
    freedom = total**2 / sum(
        part**2 / (len(each) - 1) for part, each in zip(parts, (before, after), strict=True)
    )
    out = student(freedom) * sqrt(total)
    return exp(difference - out), exp(difference + out)


def student(freedom: float) -> float:
    """Student's t, 97.5 %, for any degrees of freedom from 1; beyond the table that of its end, which is a little wide."""
    whole = min(max(int(freedom), 1), max(STUDENT))
    if whole == max(STUDENT):
        return STUDENT[whole]
    # Convex in 1 / freedom, so that a straight line between two entries errs to the wide side.
    share = (1 / whole - 1 / max(freedom, 1.0)) / (1 / whole - 1 / (whole + 1))
    return STUDENT[whole] + share * (STUDENT[whole + 1] - STUDENT[whole])


@cache
def pair_rank(n: int, m: int) -> int:
    """From which rank to which rank from the end the n * m pairs' ratios hold the ratio of the medians with CONFIDENCE.

    The number of pairs below it has the distribution of Mann and Whitney's U.
    """
    ways = _ways(n, m)
    allowed, tail, rank = (1 - CONFIDENCE) / 2 * sum(ways), 0, 0
    while tail + ways[rank] <= allowed:
        tail += ways[rank]
        rank += 1
    return max(rank, 1)


@cache
def _ways(n: int, m: int) -> tuple[int, ...]:
    """In how many orders of n and m values U is 0, 1, ... n * m."""
    if not n or not m:
        return (1,)
    with_last, without = _ways(n - 1, m), _ways(n, m - 1)
    return tuple(
        (with_last[u - m] if 0 <= u - m < len(with_last) else 0) + (without[u] if u < len(without) else 0)
        for u in range(n * m + 1)
    )

"""Confidence intervals of medians and of ratios of medians.

Samples of one process give the interval of its median by order statistics. Processes are independent, one
value each: from six on order statistics serve again, below that Student's t on the logarithms.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cache
from math import exp, floor, fsum, inf, log, nan, sqrt
from statistics import fmean, quantiles, variance

CONFIDENCE = 0.95
FEWEST = 6  # with five values no pair of order statistics holds the median with 95 %
FEWEST_PROCESSES = 3  # for an interval; with two processes Student's t is too wide to be of use
LARGEST_CORRELATION = 0.9  # a larger one would widen an interval beyond all samples
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

Interval = tuple[float, float]


@cache
def ranks(n: int) -> tuple[int, int] | None:
    """The ranks (from 1) of the order statistics that hold the median with CONFIDENCE; None for n < FEWEST.

    The widest tail t with 2 P(Bin(n, 1/2) < t) <= 1 - CONFIDENCE gives the ranks t and n + 1 - t.
    """
    allowed = round((1 - CONFIDENCE) / 2 * 10**6)  # in exact integers: 2^n overflows a float from n = 1024 on
    most = allowed * 2**n // 10**6
    tail = term = 1  # term: n over low
    low = 0
    while tail <= most:
        term = term * (n - low) // (low + 1)
        low += 1
        tail += term
    return (low, n + 1 - low) if low else None


def lag1(samples: Sequence[float]) -> float:
    """The correlation of each sample with the one before it; 0 where nothing varies."""
    mean = fmean(samples)
    deviations = [sample - mean for sample in samples]
    total = sum(deviation * deviation for deviation in deviations)
    if total <= 0:
        return 0.0
    return sum(a * b for a, b in zip(deviations, deviations[1:], strict=False)) / total


def median_interval(samples: Sequence[float]) -> Interval | None:
    """The 95 % interval of the median of ``samples``, in the order taken; None for fewer than FEWEST.

    Correlated samples carry less information than as many independent ones. A lag-1 correlation r > 0 moves
    the ranks away from the middle by the factor sqrt((1 + r) / (1 - r)), at most to the smallest and the
    largest sample.
    """
    n = len(samples)
    independent = ranks(n)
    if independent is None:
        return None
    correlation = min(max(lag1(samples), 0.0), LARGEST_CORRELATION)
    distance = sqrt((1 + correlation) / (1 - correlation)) * (independent[1] - independent[0]) / 2
    low = max(1, floor((n + 1) / 2 - distance + 1e-9))
    ordered = sorted(samples)
    return ordered[low - 1], ordered[n - low]


def quartiles(samples: Sequence[float]) -> Interval | None:
    """The bounds of the middle half of ``samples``, no interval of the median; None for fewer than two."""
    if len(samples) < 2:
        return None
    low, _, high = quantiles(samples, n=4, method="inclusive")
    return low, high


def middle(values: Sequence[float]) -> float:
    """The median of positive ``values``; of an even number the geometric mean of the middle two.

    So the middle of reciprocals is the reciprocal of the middle, and a rate agrees with the time it is
    computed from.
    """
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else sqrt(ordered[half - 1] * ordered[half])


def process_interval(values: Sequence[float]) -> Interval | None:
    """The 95 % interval from one positive value per process; None for fewer than FEWEST_PROCESSES.

    From FEWEST processes on by order statistics (the smallest and the largest of six); below, t on the
    logarithms.
    """
    n = len(values)
    if n < FEWEST_PROCESSES:
        return None
    order = ranks(n)
    if order is not None:
        ordered = sorted(values)
        return ordered[order[0] - 1], ordered[order[1] - 1]
    low, high = mean_interval(values) or (inf, -inf)
    # Rounding must not separate equal values from their own mean.
    return min(low, middle(values)), max(high, middle(values))


def geometric_mean(values: Sequence[float]) -> float:
    """Of positive ``values``: that of ratios is the reciprocal of that of their reciprocals."""
    return exp(fmean(map(log, values)))


def mean_interval(values: Sequence[float]) -> Interval | None:
    """The 95 % interval of the geometric mean of independent positive ``values``, by Student's t; None for
    fewer than FEWEST_PROCESSES."""
    n = len(values)
    if n < FEWEST_PROCESSES:
        return None
    logs = [log(value) for value in values]
    mean = fmean(logs)
    # statistics.stdev computes in fractions: a third of the time that folding a run takes.
    deviation = sqrt(fsum((value - mean) ** 2 for value in logs) / (n - 1))
    return _exponential(mean, student(n - 1) * deviation / sqrt(n))


def ratio_interval(before: Sequence[float], after: Sequence[float]) -> Interval | None:
    """The 95 % interval of after / before from independent processes; None with fewer than two on a side.

    From FEWEST processes on each side by the ranks of all pairs' ratios (Hodges and Lehmann, 1963); below, t
    on the logarithms with Welch's degrees of freedom, because two runs need not be equally noisy.
    """
    if min(len(before), len(after)) < 2:
        return None
    if min(len(before), len(after)) >= FEWEST:
        pairs = sorted(late / early for early in before for late in after)
        rank = pair_rank(len(before), len(after))
        return pairs[rank - 1], pairs[-rank]
    return _welch([log(value) for value in before], [log(value) for value in after])


def _welch(before: Sequence[float], after: Sequence[float]) -> Interval:
    """The interval of exp(mean of ``after`` - mean of ``before``)."""
    parts = [variance(logs) / len(logs) for logs in (before, after)]
    total = sum(parts)
    if total == 0:
        return _exponential(fmean(after) - fmean(before), 0.0)
    shares = [part**2 / (len(logs) - 1) for part, logs in zip(parts, (before, after), strict=True)]
    freedom = total**2 / sum(shares)
    return _exponential(fmean(after) - fmean(before), student(freedom) * sqrt(total))


def _exponential(centre: float, margin: float) -> Interval:
    """An interval of logarithms, as one of the values themselves."""
    return exp(centre - margin), exp(centre + margin)


def student(freedom: float) -> float:
    """Student's t, 97.5 %, from one degree of freedom; beyond the table its last entry, a little wide."""
    whole = min(max(int(freedom), 1), max(STUDENT))
    if whole == max(STUDENT):
        return STUDENT[whole]
    # Convex in 1 / freedom, so that a straight line between two entries errs to the wide side.
    share = (1 / whole - 1 / max(freedom, 1.0)) / (1 / whole - 1 / (whole + 1))
    return STUDENT[whole] + share * (STUDENT[whole + 1] - STUDENT[whole])


@cache
def pair_rank(n: int, m: int) -> int:
    """The rank from either end between which the ratios of all pairs hold that of medians with CONFIDENCE.

    The number of pairs below it has the distribution of Mann and Whitney's U.
    """
    orders = _orders(n, m)
    allowed, tail, rank = (1 - CONFIDENCE) / 2 * sum(orders), 0, 0
    while tail + orders[rank] <= allowed:
        tail += orders[rank]
        rank += 1
    return max(rank, 1)


@cache
def _orders(n: int, m: int) -> tuple[int, ...]:
    """The number of orders of n and m values for which U is 0, 1, ... n * m."""
    if not n or not m:
        return (1,)
    counts = [0] * (n * m + 1)
    for u, count in enumerate(_orders(n - 1, m)):  # the largest value is one of the n: it exceeds all m
        counts[u + m] += count
    for u, count in enumerate(_orders(n, m - 1)):  # it is one of the m
        counts[u] += count
    return tuple(counts)


def rank_correlation(one: Sequence[float], other: Sequence[float]) -> float:
    """Spearman's coefficient: the correlation of the ranks of two figures of the same things.

    Equal figures share the mean of their ranks. NaN where one of the two does not vary.
    """
    pairs = [_mid_ranks(values) for values in (one, other)]
    deviations = [[rank - (len(ranks) + 1) / 2 for rank in ranks] for ranks in pairs]
    spreads = [fsum(deviation**2 for deviation in each) for each in deviations]
    if not all(spreads):
        return nan
    return fsum(a * b for a, b in zip(*deviations, strict=True)) / sqrt(spreads[0] * spreads[1])


def _mid_ranks(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    return [(bisect_left(ordered, value) + bisect_right(ordered, value) + 1) / 2 for value in values]

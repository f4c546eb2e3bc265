"""Intervals of a median: from the samples of one process by order statistics, and from the medians of several processes."""

from collections.abc import Sequence
from functools import cache
from math import exp, floor, log, sqrt
from statistics import fmean, median, quantiles, stdev

CONFIDENCE = 0.95
FEWEST = 6  # with five samples no pair of order statistics holds the median with 95 %
# Student's t, 97.5 %, with n - 1 degrees of freedom: processes that are too few for order statistics.
STUDENT = {3: 4.303, 4: 3.182, 5: 2.776}

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
    apart = [sample - mean for sample in samples]
    total = sum(each * each for each in apart)
    return sum(a * b for a, b in zip(apart, apart[1:], strict=False)) / total if total > 0 else 0.0


def median_interval(samples: Sequence[float]) -> Interval | None:
    """The 95 % interval of the median of ``samples``, in the order taken; None where they are too few.

    Samples that resemble the one before are worth fewer than as many independent ones: the ranks are taken further from
    the middle by sqrt((1 + r) / (1 - r)) for a lag-1 correlation r > 0, up to the least and the greatest sample.
    """
    n = len(samples)
    found = ranks(n)
    if found is None:
        return None
    correlation = min(max(lag1(samples), 0.0), 0.9)
    out = sqrt((1 + correlation) / (1 - correlation)) * (found[1] - found[0]) / 2
    low = max(1, floor((n + 1) / 2 - out + 1e-9))
    ordered = sorted(samples)
    return ordered[low - 1], ordered[n - low]


def half_width(samples: Sequence[float]) -> float | None:
    """Half of the interval's width as a share of the median; None where there is no interval."""
    interval = median_interval(samples)
    return None if interval is None else (interval[1] - interval[0]) / (2 * median(samples))


def quartiles(samples: Sequence[float]) -> Interval | None:
    """What the middle half of ``samples`` lies between; None for fewer than two. It is no interval of the median."""
    if len(samples) < 2:
        return None
    low, _, high = quantiles(samples, n=4, method="inclusive")
    return low, high


def middle(values: Sequence[float]) -> float:
    """The median of positive ``values``; of an even number the geometric mean of the middle two.

    So the middle of reciprocals is the reciprocal of the middle, and a rate agrees with the time that it is made from.
    """
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else sqrt(ordered[half - 1] * ordered[half])


def across(values: Sequence[float]) -> Interval | None:
    """The 95 % interval of what processes find, from one positive value of each; None for fewer than three processes.

    From FEWEST processes on by order statistics (the least and the greatest of six); below, t on the logarithms.
    """
    n = len(values)
    if n < min(STUDENT):
        return None
    if found := ranks(n):
        ordered = sorted(values)
        return ordered[found[0] - 1], ordered[found[1] - 1]
    logs = [log(value) for value in values]
    out = STUDENT[n] * stdev(logs) / sqrt(n)
    # Rounding must not part values that are all the same from their own mean.
    return min(exp(fmean(logs) - out), middle(values)), max(exp(fmean(logs) + out), middle(values))

"""Intervals that assume nothing about the shape of the noise: order statistics, by the binomial distribution."""

from collections.abc import Sequence
from functools import cache
from math import comb
from statistics import median

CONFIDENCE = 0.95
FEWEST = 6  # with five samples no pair of order statistics holds the median with 95 %


@cache
def ranks(n: int) -> tuple[int, int] | None:
    """The ranks (from 1) of the order statistics that hold the median with CONFIDENCE; None for n < FEWEST.

    The widest tail t with 2 P(Bin(n, 1/2) < t) <= 1 - CONFIDENCE gives the ranks t and n + 1 - t.
    """
    allowed = round((1 - CONFIDENCE) / 2 * 10**6)  # in exact integers: 2^n overflows a float from n = 1024 on
    tail, low = 0, 0
    while True:
        tail += comb(n, low)
        if tail * 10**6 > allowed * 2**n:
            break
        low += 1
    return (low, n + 1 - low) if low else None


def median_interval(samples: Sequence[float]) -> tuple[float, float] | None:
    """The 95 % interval of the median of independent samples; None where they are too few."""
    found = ranks(len(samples))
    if found is None:
        return None
    ordered = sorted(samples)
    return ordered[found[0] - 1], ordered[found[1] - 1]


def half_width(samples: Sequence[float]) -> float | None:
    """Half of the interval's width as a share of the median; None where there is no interval."""
    interval = median_interval(samples)
    return None if interval is None else (interval[1] - interval[0]) / (2 * median(samples))

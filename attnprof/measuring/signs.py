"""What a series of samples shows of itself: that it drifted while it was taken, or that it has two values."""

from collections.abc import Sequence
from itertools import accumulate
from math import sqrt
from statistics import median

APART = 0.03  # of the median: what is closer together is one value
THIRD = 4  # samples that a third must have for its median to mean something
FEWEST_FOR_TWO = 40
EXPLAINED = 0.85  # of the variance, by the best split in two
SMALLER_PART = 0.1


def drifts(samples: Sequence[float]) -> bool:
    """Whether the medians of the thirds, in order, differ by more than 3 % and more than 3 standard
    errors."""
    size = len(samples) // 3
    if size < THIRD:
        return False
    thirds = [samples[:size], samples[size:-size], samples[-size:]]
    middles = [median(third) for third in thirds]
    # 1.4826 makes the median deviation a standard deviation, 1.2533 that of a mean the error of a median.
    errors = [1.2533 * 1.4826 * _deviation(third) / sqrt(len(third)) for third in thirds]
    apart = max(middles) - min(middles)
    error = sqrt(sum(sorted(each * each for each in errors)[-2:]))
    return apart > max(APART * median(samples), 3 * error)


def is_bimodal(samples: Sequence[float]) -> bool:
    """Whether two values, 3 % or more apart, explain over 85 % of the variance, each with a tenth of the
    samples."""
    n = len(samples)
    if n < FEWEST_FOR_TWO:
        return False
    scale = median(samples)
    ordered = [sample / scale for sample in sorted(samples)]
    sums = list(accumulate(ordered, initial=0.0))
    mean = sums[-1] / n
    total = sum((each - mean) ** 2 for each in ordered)
    if total == 0:
        return False
    # The best split leaves the most variance between the two parts.
    between, cut = max((_between(sums, k, n), k) for k in range(1, n))
    low, high = sums[cut] / cut, (sums[-1] - sums[cut]) / (n - cut)
    return between > EXPLAINED * total and min(cut, n - cut) >= SMALLER_PART * n and high - low >= APART


def _between(sums: Sequence[float], cut: int, n: int) -> float:
    low, high = sums[cut] / cut, (sums[n] - sums[cut]) / (n - cut)
    return cut * (n - cut) / n * (high - low) ** 2


def _deviation(samples: Sequence[float]) -> float:
    middle = median(samples)
    return median(abs(sample - middle) for sample in samples)

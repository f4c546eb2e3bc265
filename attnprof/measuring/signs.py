"""What a series of samples shows of itself: that it drifted while it was taken, that it had not settled at
its end, or that it has two values."""

from collections.abc import Callable, Sequence
from itertools import accumulate
from math import hypot, sqrt
from statistics import median

APART = 0.03  # of a figure: what is closer together is one value
# A smaller change of speed moves a figure over several processes no more than noise does (docs/measuring.md).
DRIFT = 0.10
THIRD = 4  # samples that a third must have for its median to mean something
FEWEST_FOR_TWO = 40
EXPLAINED = 0.85  # of the variance, by the best split in two
SMALLER_PART = 0.1

Figure = Callable[[Sequence[float]], float]  # of samples: their median, or another estimator


def drifts(samples: Sequence[float], of: Figure = median) -> bool:
    """Whether the figures ``of`` the thirds, in order, differ by more than 10 % and more than 3 standard
    errors."""
    thirds = _thirds(samples)
    return bool(thirds) and _differ(max(thirds, key=of), min(thirds, key=of), of, DRIFT)


def settles(samples: Sequence[float], of: Figure = median) -> bool:
    """Whether each third is faster than the one before, the last by more than 3 % and 3 standard errors: the
    call was still becoming faster when the last sample was taken."""
    thirds = _thirds(samples)
    if not thirds:
        return False
    first, middle, last = thirds
    return of(first) > of(middle) and _differ(middle, last, of, APART)


def _thirds(samples: Sequence[float]) -> list[Sequence[float]]:
    """The first, middle and last third; none of too few samples."""
    size = len(samples) // 3
    return [samples[:size], samples[size:-size], samples[-size:]] if size >= THIRD else []


def _differ(slow: Sequence[float], fast: Sequence[float], of: Figure, share: float) -> bool:
    """Whether the figure of ``slow`` is beyond that of ``fast`` by more than a ``share`` of it and 3 standard
    errors."""
    # 1.4826 makes the median deviation a standard deviation, 1.2533 that of a mean the error of a median.
    errors = [1.2533 * 1.4826 * _deviation(part) / sqrt(len(part)) for part in (slow, fast)]
    return of(slow) - of(fast) > max(share * of(fast), 3 * hypot(*errors))


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

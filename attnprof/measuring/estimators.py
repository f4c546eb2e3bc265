"""How the samples of one process become its figure, with the interval that goes with it.

Noise makes a sample longer, and hardly ever shorter: the low end of the samples moves less from process to
process than their middle does (Chen and Revels, arXiv:1608.04295). docs/measuring.md compares the estimators.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from math import exp, floor, lgamma, log, log1p, sqrt
from random import Random
from statistics import median

from attnprof.stats import CONFIDENCE, LARGEST_CORRELATION, Interval, lag1, median_interval

RESAMPLES = 200  # for the interval of the mode, which order statistics do not give


@dataclass(frozen=True)
class Estimator:
    """One way to turn the samples of a process into a figure."""

    name: str  # as environment.json has it
    title: str  # in a caption: 'median call'
    of: Callable[[Sequence[float]], float]  # the figure of at least one sample
    # The 95 % interval of the figure, of the samples in the order taken; None where they are too few.
    interval: Callable[[Sequence[float]], Interval | None]

    def half_width(self, samples: Sequence[float]) -> float | None:
        """Half of the interval's width as a share of the figure; None where there is no interval."""
        interval = self.interval(samples)
        return None if interval is None else (interval[1] - interval[0]) / (2 * self.of(samples))


def quantile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that a ``share`` of all samples does not exceed; between two samples their line."""
    ordered = sorted(samples)
    place = share * (len(ordered) - 1)
    below = floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def quantile_interval(samples: Sequence[float], share: float) -> Interval | None:
    """The 95 % interval of a quantile by order statistics of Bin(n, share); None for too few samples.

    A lag-1 correlation r > 0 moves the ranks away from the quantile by sqrt((1 + r) / (1 - r)).
    """
    n = len(samples)
    independent = quantile_ranks(n, share)
    if independent is None:
        return None
    correlation = min(max(lag1(samples), 0.0), LARGEST_CORRELATION)
    stretch = sqrt((1 + correlation) / (1 - correlation))
    centre = share * (n - 1) + 1
    low, high = (centre + stretch * (rank - centre) for rank in independent)
    ordered = sorted(samples)
    return ordered[max(1, floor(low + 1e-9)) - 1], ordered[min(n, floor(high + 1 - 1e-9)) - 1]


@cache
def quantile_ranks(n: int, share: float) -> tuple[int, int] | None:
    """The closest ranks (from 1) whose order statistics hold the quantile with CONFIDENCE; None for too
    few."""
    below = _binomial(n, share)  # below[k]: the probability that fewer than k samples lie under the quantile
    pairs = [
        (high - low, low, high)
        for low, high in _candidates(n, below)
        if below[high] - below[low] >= CONFIDENCE - 1e-12
    ]
    return min(pairs)[1:] if pairs else None


def _candidates(n: int, below: Sequence[float]) -> list[tuple[int, int]]:
    """For each low rank the first high rank that is far enough."""
    pairs: list[tuple[int, int]] = []
    high = 1
    for low in range(1, n + 1):
        while high < n and (high <= low or below[high] - below[low] < CONFIDENCE - 1e-12):
            high += 1
        if high > low:
            pairs.append((low, high))
    return pairs


def _binomial(n: int, share: float) -> list[float]:
    """P(Bin(n, share) < k) for k from 0 to n."""
    sums, total = [0.0], 0.0
    for k in range(n):  # by logarithms: a power of n would underflow
        chosen = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
        total += exp(chosen + k * log(share) + (n - k) * log1p(-share))
        sums.append(total)
    return sums


def half_sample_mode(samples: Sequence[float]) -> float:
    """Where the samples are densest: the closest half of them, of that the closest half, and so on.

    Bickel and Frühwirth, 2006 (arXiv:math/0505419).
    """
    ordered = sorted(samples)
    while len(ordered) > 3:
        size = (len(ordered) + 1) // 2
        widths = [ordered[n + size - 1] - ordered[n] for n in range(len(ordered) - size + 1)]
        start = widths.index(min(widths))
        ordered = ordered[start : start + size]
    if len(ordered) < 3:
        return sum(ordered) / len(ordered)
    low, middle, high = ordered
    if middle - low == high - middle:
        return middle
    return (low + middle) / 2 if middle - low < high - middle else (middle + high) / 2


def _mode_interval(samples: Sequence[float]) -> Interval | None:
    """The middle 95 % of the modes of samples drawn from ``samples`` with replacement."""
    if median_interval(samples) is None:
        return None
    random = Random(0)
    modes = sorted(half_sample_mode(random.choices(samples, k=len(samples))) for _ in range(RESAMPLES))
    outside = round((1 - CONFIDENCE) / 2 * RESAMPLES)
    mode = half_sample_mode(samples)
    return min(modes[outside], mode), max(modes[-1 - outside], mode)


def _minimum_interval(samples: Sequence[float]) -> Interval | None:
    """From the minimum to the upper end of the lower decile: no interval of a minimum reaches below it."""
    decile = quantile_interval(samples, 0.1)
    return None if decile is None else (min(samples), decile[1])


def _by_quantile(name: str, title: str, share: float) -> Estimator:
    return Estimator(name, title, partial(quantile, share=share), partial(quantile_interval, share=share))


MEDIAN = Estimator("median", "median call", median, median_interval)
LOWER_QUARTILE = _by_quantile("lower_quartile", "lower quartile of the calls", 0.25)
LOWER_DECILE = _by_quantile("lower_decile", "lower decile of the calls", 0.1)
MINIMUM = Estimator("minimum", "shortest call", min, _minimum_interval)
HALF_SAMPLE_MODE = Estimator("half_sample_mode", "mode of the calls", half_sample_mode, _mode_interval)
ESTIMATORS = {each.name: each for each in (MEDIAN, LOWER_QUARTILE, LOWER_DECILE, MINIMUM, HALF_SAMPLE_MODE)}

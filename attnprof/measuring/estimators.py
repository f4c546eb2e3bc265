"""How the samples of one process become its figure, with the interval that goes with it.

Noise makes a sample longer, and hardly ever shorter: the low end of the samples moves less from process to
process than their middle does (Chen and Revels, arXiv:1608.04295). docs/measuring.md compares the estimators.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from itertools import accumulate
from math import exp, floor, fsum, lgamma, log, log1p, sqrt
from random import Random
from statistics import median

from attnprof.stats import CONFIDENCE, LARGEST_CORRELATION, Interval, lag1, median_interval, student

TEN = 10
WIDEST = 0.5  # natural logarithm of an interval's end over the figure: a wider one says nothing
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


def expected_shortest(samples: Sequence[float], of: int = TEN) -> float:
    """The shortest of ``of`` samples, on average over all ways to choose so many of ``samples``; the shortest
    of them where they are fewer.

    Unlike a minimum or a low quantile it is unbiased: however many samples there are, it is expected to be
    the same, so that figures of many and of few samples can be compared.
    """
    weights = _weights_of_shortest(len(samples), of)
    return fsum(weight * sample for weight, sample in zip(weights, sorted(samples), strict=False))


def expected_shortest_interval(samples: Sequence[float], of: int = TEN) -> Interval | None:
    """The 95 % interval of the expected shortest, by the jackknife; None where it says nothing, and for fewer
    than two samples more than ``of``.

    Of n samples each n / ``of`` are as good as one: so many degrees of freedom has Student's t. A lag-1
    correlation r > 0 widens the interval by sqrt((1 + r) / (1 - r)).
    """
    n = len(samples)
    if n < of + 2:
        return None
    figure = expected_shortest(samples, of)
    # Where one sample is left out the figure is (n * figure - of * its mean with that sample) / (n - of).
    shares = [of / (n - of) * (figure - mean) for mean in _shortest_with_each(sorted(samples), of)]
    deviation = sqrt((n - 1) / n * fsum(share * share for share in shares))
    correlation = min(max(lag1(samples), 0.0), LARGEST_CORRELATION)
    stretch = sqrt((1 + correlation) / (1 - correlation))
    margin = student(n / of) * stretch * deviation / figure
    return (figure * exp(-margin), figure * exp(margin)) if margin <= WIDEST else None


def _shortest_with_each(ordered: Sequence[float], of: int) -> list[float]:
    """For each of ``ordered``: the shortest of it and ``of`` - 1 others, on average over all such choices."""
    weights = _weights_of_shortest(len(ordered) - 1, of - 1)
    # The shortest is one of those before it, or it is itself.
    before = [0.0, *accumulate(weight * sample for weight, sample in zip(weights, ordered, strict=False))]
    chance = [0.0, *accumulate(weights)]
    last = len(weights)
    return [
        before[min(place, last)] + sample * max(0.0, 1 - chance[min(place, last)])
        for place, sample in enumerate(ordered)
    ]


@lru_cache(maxsize=64)  # each as long as there are samples
def _weights_of_shortest(n: int, of: int) -> tuple[float, ...]:
    """The chance of each of n ordered samples, from the shortest on, to be the shortest of ``of`` of them."""
    of = min(n, of)
    weights = [of / n]
    for place in range(n - of):
        weights.append(weights[-1] * (n - of - place) / (n - 1 - place))
    return tuple(weights)


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
SHORTEST_OF_TEN = Estimator(
    "shortest_of_ten",
    "expected shortest of ten samples",
    expected_shortest,
    expected_shortest_interval,
)
MINIMUM = Estimator("minimum", "shortest call", min, _minimum_interval)
HALF_SAMPLE_MODE = Estimator("half_sample_mode", "mode of the calls", half_sample_mode, _mode_interval)
ESTIMATORS = {
    each.name: each
    for each in (MEDIAN, LOWER_QUARTILE, LOWER_DECILE, SHORTEST_OF_TEN, MINIMUM, HALF_SAMPLE_MODE)
}

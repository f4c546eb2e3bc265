"""Power laws: y proportional to x^k, fitted on logarithms."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log


@dataclass(frozen=True)
class PowerLaw:
    """y = value * (x / centre) ** exponent."""

    centre: float  # among the xs that it was fitted to, so that nothing overflows there
    value: float
    exponent: float

    def __call__(self, x: float) -> float:
        """The law's y at ``x``."""
        return float(self.value * (x / self.centre) ** self.exponent)


def fit(xs: Sequence[float], ys: Sequence[float]) -> PowerLaw:
    """The least-squares fit of the logarithms. All values are positive, at least two xs different."""
    log_xs, log_ys = [log(x) for x in xs], [log(y) for y in ys]
    mean_x, mean_y = sum(log_xs) / len(log_xs), sum(log_ys) / len(log_ys)
    variance = sum((x - mean_x) ** 2 for x in log_xs)
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in zip(log_xs, log_ys, strict=True))
    return PowerLaw(exp(mean_x), exp(mean_y), covariance / variance)

"""Power laws: y proportional to x^k, fitted on logarithms."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log


@dataclass(frozen=True)
class PowerLaw:
    """y = value * (x / at) ** exponent.

    ``at`` lies among the xs that it was fitted to, so that nothing overflows there.
    """

    at: float
    value: float
    exponent: float

    def __call__(self, x: float) -> float:
        """The law's y at ``x``."""
        return float(self.value * (x / self.at) ** self.exponent)


def fit(xs: Sequence[float], ys: Sequence[float]) -> PowerLaw:
    """The law with the least squares of the logarithms' distances.

    All positive, at least two different xs.
    """
    u, v = [log(x) for x in xs], [log(y) for y in ys]
    middle, level = sum(u) / len(u), sum(v) / len(v)
    spread = sum((a - middle) ** 2 for a in u)
    slope = sum((a - middle) * (b - level) for a, b in zip(u, v, strict=True)) / spread
    return PowerLaw(exp(middle), exp(level), slope)

"""Power laws: y = a * x^k, fitted on logarithms."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log


@dataclass(frozen=True)
class PowerLaw:
    """y = factor * x ** exponent."""

    factor: float
    exponent: float

    def __call__(self, x: float) -> float:
        """The law's y at ``x``."""
        return float(self.factor * x**self.exponent)


def fit(xs: Sequence[float], ys: Sequence[float]) -> PowerLaw:
    """The law with the least squares of the logarithms' distances. All positive, at least two different xs."""
    u, v = [log(x) for x in xs], [log(y) for y in ys]
    middle, level = sum(u) / len(u), sum(v) / len(v)
    spread = sum((a - middle) ** 2 for a in u)
    slope = sum((a - middle) * (b - level) for a, b in zip(u, v, strict=True)) / spread
    return PowerLaw(exp(level - slope * middle), slope)

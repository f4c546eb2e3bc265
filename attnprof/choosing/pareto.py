"""Spans, figures with the two ends of their interval, and the Pareto front among them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

DOUBT = 1.2  # by what factor a rough figure may be wrong


@dataclass(frozen=True)
class Span:
    """A figure between the ends of its interval; the three are one where it is exact."""

    low: float
    value: float
    high: float
    rough: bool = False  # whether no interval is known, and the ends are how wrong such a figure may be

    @classmethod
    def exact(cls, value: float) -> Self:
        """A figure without noise."""
        return cls(value, value, value)

    @classmethod
    def about(cls, value: float) -> Self:
        """A positive figure of which no interval is known."""
        return cls(value / DOUBT, value, value * DOUBT, rough=True)

    @property
    def negated(self) -> "Span":
        """The span of -x, which makes a cost of what is better when it is more."""
        return Span(-self.high, -self.value, -self.low, self.rough)


def dominates(one: Sequence[Span], other: Sequence[Span]) -> bool:
    """Whether ``one`` costs no more anywhere, and somewhere less by more than the noise.

    Both hold costs, alike ordered.
    """
    pairs = list(zip(one, other, strict=True))
    return all(a.value <= b.value for a, b in pairs) and any(a.high < b.low for a, b in pairs)


def front(points: Sequence[Sequence[Span]]) -> list[int]:
    """The indices of those points, given as costs, that no other point dominates.

    Never empty unless ``points`` is.
    """
    return [n for n, point in enumerate(points) if not any(dominates(other, point) for other in points)]

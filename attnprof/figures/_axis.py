"""Logarithmic axes of quantities, with a place of its own for 0, which has no logarithm."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from attnprof.choosing.measures import Measure
from attnprof.units import KINDS, KindName

MOST_TICKS = 7


def tick(kind: KindName, value: float) -> str:
    """A tick's text: '100 µs', '64 KiB', '10 M'."""
    units = KINDS[kind].units
    unit, scale = next((step for step in units if value >= 0.999 * float(step[1])), units[-1])
    return f"{value / float(scale):.3g} {unit}".rstrip()


@dataclass(frozen=True)
class LogAxis:
    """One axis."""

    measure: Measure
    low: float
    high: float
    ticks: tuple[float, ...]
    least: float  # the smallest positive figure
    zero: float | None  # where 0 is drawn; None where no figure is 0

    @property
    def title(self) -> str:
        """What the axis is of; the ticks of a rate lack its unit."""
        return f"{self.measure.title} (images/s)" if self.measure.kind == "rate" else self.measure.title

    def place(self, value: float) -> float:
        """Where ``value`` is drawn."""
        return value if value or self.zero is None else self.zero

    def apply(self, axes: Axes, which: str) -> None:
        """Set the scale, the limits and the ticks of the axis ``which``, 'x' or 'y'."""
        axis = getattr(axes, f"{which}axis")
        getattr(axes, f"set_{which}scale")("log")
        getattr(axes, f"set_{which}lim")(self.low, self.high)
        zero = [] if self.zero is None else [self.zero]
        axis.set_major_locator(FixedLocator([*zero, *self.ticks]))
        axis.set_minor_locator(NullLocator())
        axis.set_ticklabels(["0"] * len(zero) + [tick(self.measure.kind, value) for value in self.ticks])
        axis.grid(True)
        if self.zero is not None:  # between 0 and the least figure the scale is broken
            rule = axes.axvline if which == "x" else axes.axhline
            rule((self.zero * self.least) ** 0.5, color="#999999", linewidth=0.6, dashes=(1, 3))


def log_axis(measure: Measure, values: Iterable[float]) -> LogAxis:
    """The axis on which all ``values`` lie, with room around them. At least one of them is more than 0."""
    figures = list(values)
    positive = [value for value in figures if value > 0] or [1.0]
    low, high = min(positive), max(positive)
    base = 4.0 if measure.kind == "bytes" else 10.0
    decades = log(high / low, base)
    room = base ** max(0.05 * decades, 0.08)
    bottom, top, ticks = _ticks(base, low, high, room)
    if all(value > 0 for value in figures):
        return LogAxis(measure, bottom, top, tuple(ticks), low, None)
    gap = base ** max(0.12 * decades, 0.5)
    ticks = [value for value in ticks if value >= low / gap**0.5]
    return LogAxis(measure, low / gap**1.5, top, tuple(ticks), low, low / gap)


def _ticks(base: float, low: float, high: float, room: float) -> tuple[float, float, list[float]]:
    """The ends of the axis, and its ticks; the axis is longer where it would have fewer than two."""
    bottom, top = low / room, high * room
    ticks = _powers(base, low, high, bottom, top)
    if len(ticks) > 1:
        return bottom, top, ticks
    steps = _steps(base, low, high)
    bottom = min(bottom, max(value for value in steps if value <= low))
    top = max(top, min(value for value in steps if value >= high))
    return bottom, top, [value for value in steps if bottom <= value <= top]


def _powers(base: float, low: float, high: float, bottom: float, top: float) -> list[float]:
    """Powers of ``base`` between ``bottom`` and ``top``, evenly thinned out to MOST_TICKS."""
    first, last = floor(log(low, base)), ceil(log(high, base))
    step = max(1, ceil((last - first) / (MOST_TICKS - 1)))
    return [base**n for n in range(first, last + 1, step) if bottom <= base**n <= top]


def _steps(base: float, low: float, high: float) -> list[float]:
    """Finer ticks, for figures within one power of ``base``."""
    first, last = floor(log(low, base)), ceil(log(high, base))
    multiples = (1, 2) if base == 4 else (1, 2, 5)
    return sorted(multiple * base**n for n in range(first - 1, last + 2) for multiple in multiples)

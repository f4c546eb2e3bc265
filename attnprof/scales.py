"""One unit and one number of decimals for a whole column, so that its figures compare at a glance."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import floor, log10
from statistics import median_low
from typing import Literal

Kind = Literal["seconds", "bytes", "share", "ratio", "plain", "exact"]
_UNITS: dict[Kind, tuple[tuple[str, float], ...]] = {
    "seconds": (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)),
    "bytes": (("GiB", 2.0**30), ("MiB", 2.0**20), ("KiB", 2.0**10), ("B", 1.0)),
    "share": (("%", 0.01),),
    "ratio": (("", 1.0),),
    "plain": (("", 1.0),),
    "exact": (("", 1.0),),
}
SHOWN = 3  # significant digits of the smallest figure
MOST_DECIMALS = 3
DECIMALS = {"ratio": 2, "share": 1}


@dataclass(frozen=True)
class Scale:
    """How every figure of a column is written: in ``unit``, of ``factor`` base units, with so many decimals."""

    unit: str
    factor: float
    decimals: int

    def write(self, value: float) -> str:
        """The figure's digits, ungrouped. What would round to nothing is written '<0.001': only a 0 is shown as one."""
        if not value or (not self.decimals and self.factor == 1 and value == int(value)):
            return str(int(value))  # nothing is exactly nothing, and a count keeps every digit
        text = f"{value / self.factor:.{self.decimals}f}"
        if value and not float(text):
            return f"<{10.0**-self.decimals:.{self.decimals}f}"
        return text


def common_scale(kind: Kind, values: Iterable[float], outliers: Iterable[float] = ()) -> Scale:
    """The scale for ``values``, in base units, none negative: the prefix suits their median, the decimals the smallest.

    outliers: values that ask for no decimals, as the floor under all latencies would. Exact counts stay whole.
    """
    units = _UNITS[kind]
    aside = set(outliers)
    if kind in DECIMALS:
        return Scale(*units[-1], DECIMALS[kind])
    sizes = sorted(value for value in values if value)
    if not sizes or kind == "exact":
        return Scale(*units[-1], 0)
    unit, factor = next((each for each in units if median_low(sizes) >= each[1]), units[-1])
    least = next((value for value in sizes if value not in aside), sizes[0])
    decimals = SHOWN - 1 - floor(log10(least / factor))
    return Scale(unit, factor, 0 if unit == "B" else max(0, min(MOST_DECIMALS, decimals)))

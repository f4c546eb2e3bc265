"""Bars: figures of a benchmark and what each is held to."""

from collections.abc import Callable
from dataclasses import dataclass


def percent(value: float | None) -> str:
    """'7.3 %'; '-' for a figure that there is not."""
    return "-" if value is None else f"{100 * value:.1f} %"


def seconds(value: float | None) -> str:
    """'7.3 s'; '-' for a figure that there is not."""
    return "-" if value is None else f"{value:.1f} s"


@dataclass(frozen=True)
class Bar:
    """A figure and what it is held to; None for a figure that could not be had."""

    what: str
    value: float | None
    limit: float
    least: bool = False
    show: Callable[[float | None], str] = percent
    note: str = ""  # what the figure is of

    @property
    def kept(self) -> bool:
        """Whether it is on the right side."""
        if self.value is None:
            return False
        return self.value >= self.limit if self.least else self.value <= self.limit

    @property
    def text(self) -> str:
        """One line."""
        sign = "at least" if self.least else "at most"
        verdict = "kept" if self.kept else "MISSED"
        value = ", ".join(filter(None, [self.show(self.value), self.note]))
        return f"{self.what}: {sign} {self.show(self.limit)}: {verdict} ({value})"

"""Figures: one kind per file, each exporting FIGURE. matplotlib is imported only when one is drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnprof.choosing.candidates import Candidate, Missing
from attnprof.choosing.measures import Measure, measures
from attnprof.choosing.pareto import Span
from attnprof.errors import UsageError
from attnprof.registry import Registry

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES = Registry("attnprof.figures", "FIGURE", "figure")


@dataclass(frozen=True)
class Drawn:
    """A figure as it is drawn.

    sure: whether its interval is known; one without it is drawn, and beats nothing.
    """

    span: Span
    sure: bool


@dataclass(frozen=True)
class Scene:
    """What is to be drawn. points: where it was measured, '64@56'. caption: the conditions.

    candidates: the identity is among them, to be written of and not to be drawn: it would stand far below all
    others.

    x, y: what is on the axes. against: what a scaling figure goes along, 'channels', 'res', or '' for what
    varies more. width: of the figure, in inches.
    """

    candidates: Sequence[Candidate]
    points: Sequence[str]
    caption: str
    x: Measure
    y: Measure
    against: str = ""
    width: float = 7.0

    @property
    def rivals(self) -> list[Candidate]:
        """The candidates without the floor under them."""
        return [each for each in self.candidates if not each.floor]

    def figure(self, candidate: Candidate, measure: Measure, point: str) -> Drawn | None:
        """The candidate's figure at ``point``; None where there is none."""
        span = candidate.figure(measure, point)
        if not isinstance(span, Missing):
            return Drawn(span, sure=True)
        row, _ = candidate.cells.get((point, measure.mode), ({}, {}))
        value = row.get(measure.column) if measure.noisy and row.get("status") == "ok" else None
        return None if value is None else Drawn(Span.exact(value), sure=False)

    def nothing_of(self, *axes: Measure) -> UsageError:
        """That no module has all of ``axes``, and which could be drawn instead."""
        drawable = [m.name for m in measures().values() if m.column and self._has(m)]
        wanted = " and ".join(measure.name for measure in axes)
        return UsageError(
            f"no module has {wanted} in this run. -x and -y choose among {', '.join(drawable) or 'nothing'}"
        )

    def _has(self, measure: Measure) -> bool:
        return any(self.figure(each, measure, point) for each in self.rivals for point in self.points)

    def floor(self, measure: Measure, point: str) -> str:
        """What the identity costs at ``point``, in words; empty where that is nothing, or was not measured."""
        for each in (each for each in self.candidates if each.floor):
            found = self.figure(each, measure, point)
            if found and found.span.value:
                return f"{each.name}: {measure.show(found.span.value)}"
        return ""


@dataclass(frozen=True)
class FigureKind:
    """draw: scene -> the figure, and notes for stderr (a name that found no room, say). Raises UsageError."""

    help: str
    draw: "Callable[[Scene], tuple[Figure, list[str]]]"


def family_of(candidate: Candidate) -> str:
    """The candidate's family; empty for a user's own module."""
    return str(next(iter(candidate.cells.values()))[0].get("family") or "")

"""Figures: one kind per file, each exporting FIGURE. matplotlib is imported only when one is drawn."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnprof.catalogue.entry import FAMILIES
from attnprof.choosing.candidates import Candidate, Missing
from attnprof.choosing.measures import Measure, measures
from attnprof.choosing.pareto import Span
from attnprof.errors import UsageError
from attnprof.registry import Registry

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DRAWN = frozenset(FAMILIES) - {"floor"}  # the floor is ``none``, which is no mark
AXES = ("res", "channels", "batch")  # what a scaling figure can go along
FIGURES = Registry("attnprof.figures", "FIGURE", "figure")


@dataclass(frozen=True)
class Drawn:
    """A figure as it is drawn."""

    span: Span
    sure: bool  # whether its interval is known; a figure without interval is drawn, and beats nothing


@dataclass(frozen=True)
class Scene:
    """What is to be drawn."""

    candidates: Sequence[Candidate]  # the identity, far below all others, is only named
    points: Sequence[str]  # measured points: '64@56'
    caption: str  # the conditions
    x: Measure
    y: Measure
    against: str = ""  # the axis of a scaling figure: one of AXES, or '' for the one that varies most
    width: float = 7.0  # inches

    @property
    def rivals(self) -> list[Candidate]:
        """The candidates without the identity."""
        return [candidate for candidate in self.candidates if not candidate.floor]

    def figure(self, candidate: Candidate, measure: Measure, point: str) -> Drawn | None:
        """The candidate's figure at ``point``; None where there is none."""
        span = candidate.figure(measure, point)
        if isinstance(span, Missing):
            return None
        return Drawn(Span.exact(span.value), sure=False) if span.rough else Drawn(span, sure=True)

    def nothing_of(self, *axes: Measure) -> UsageError:
        """The mistake that no module has all of ``axes``, with the measures that can be drawn."""
        drawable = [measure.name for measure in measures().values() if measure.column and self._has(measure)]
        names = " and ".join(measure.name for measure in axes)
        return UsageError(
            f"no module has {names} in this run. -x and -y choose among {', '.join(drawable) or 'nothing'}"
        )

    def too_many(self, each: str, most: int) -> UsageError:
        """The mistake that there are more points than fit, with how one is chosen. each: what one takes."""
        choice = f"choose up to {most}, as with --at {shlex.quote(self.points[0])}"
        return UsageError(f"{len(self.points)} points, {each} each: {choice}")

    def _has(self, measure: Measure) -> bool:
        return any(
            self.figure(candidate, measure, point) for candidate in self.rivals for point in self.points
        )

    def floor(self, measure: Measure, point: str) -> str:
        """The cost of the identity at ``point``, in words; empty where it is nothing, or was not measured."""
        for candidate in self.candidates:
            drawn = self.figure(candidate, measure, point) if candidate.floor else None
            if drawn and drawn.span.value:
                return f"{candidate.name}: {measure.show(drawn.span.value)}"
        return ""


@dataclass(frozen=True)
class FigureKind:
    """A way to draw a scene."""

    help: str
    draw: "Callable[[Scene], tuple[Figure, list[str]]]"  # the figure and notes for stderr; raises UsageError


def family_of(candidate: Candidate) -> str:
    """The candidate's family; empty for a user's own module, and for one that a table alone has."""
    family = str(next(iter(candidate.cells.values()))[0].get("family") or "")
    return family if family in _DRAWN else ""

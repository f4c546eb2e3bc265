"""Figures: one kind per file, each exporting FIGURE. matplotlib is imported only when one is drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attnprof.choosing.candidates import Candidate, Missing
from attnprof.choosing.measures import Measure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Scene:
    """What is to be drawn. points: where it was measured, '64@56'. caption: the conditions.

    candidates: the identity is among them, to be written of and not to be drawn: it would stand far below all others.

    x, y: what is on the axes. against: what a scaling figure goes along, 'channels', 'res', or '' for what varies more.
    width: of the figure, in inches.
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

    def floor(self, measure: Measure, point: str) -> str:
        """What the identity costs at ``point``, in words; empty where that is nothing, or was not measured."""
        for each in (each for each in self.candidates if each.floor):
            span = each.figure(measure, point)
            if not isinstance(span, Missing) and span.value:
                return f"{each.name}: {measure.kind.show(span.value)}"
        return ""


@dataclass(frozen=True)
class FigureKind:
    """draw: scene -> the figure, and notes for stderr (a name that found no room, say). Raises UsageError."""

    help: str
    draw: "Callable[[Scene], tuple[Figure, list[str]]]"


def family_of(candidate: Candidate) -> str:
    """The candidate's family; empty for a user's own module."""
    return str(next(iter(candidate.cells.values()))[0].get("family") or "")

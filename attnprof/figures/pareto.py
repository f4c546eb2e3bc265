"""Cost against cost, with the Pareto front: what is left when everything that something else beats is crossed out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from attnprof.choosing.candidates import Candidate
from attnprof.choosing.measures import Measure
from attnprof.choosing.pareto import Span, front
from attnprof.errors import UsageError
from attnprof.figures import FigureKind, Scene, family_of
from attnprof.figures._axis import LogAxis, log_axis
from attnprof.figures._naming import Named, name_marks
from attnprof.figures._style import FAMILIES, INK, NAMES, canvas, captioned, key, labelled, settle, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_PANELS = 6
PANEL_HEIGHT = 3.4  # inches


@dataclass(frozen=True)
class _Mark:
    candidate: Candidate
    x: Span
    y: Span
    sure: bool  # whether the intervals of both are known
    on_front: bool = False


def draw(scene: Scene) -> "tuple[Figure, list[str]]":
    """A panel for every point; the marks on the front are filled, and joined by its line."""
    if len(scene.points) > MOST_PANELS:
        raise UsageError(f"{len(scene.points)} points, a panel each: choose up to {MOST_PANELS} with --at")
    panels = {point: _marks(scene, point) for point in scene.points}
    if not any(panels.values()):
        raise scene.nothing_of(scene.x, scene.y)
    every = [mark for marks in panels.values() for mark in marks]
    x = log_axis(scene.x, (value for mark in every for value in (mark.x.low, mark.x.high)))
    y = log_axis(scene.y, (value for mark in every for value in (mark.y.low, mark.y.high)))
    height = min(PANEL_HEIGHT, scene.width)
    figure, axes = canvas(scene.width, height, len(panels), sharex=True, sharey=True)
    captioned(figure, scene.caption)
    for panel, (point, marks) in zip(axes, panels.items(), strict=True):
        titled(panel, point, scene.floor(scene.y, point))
        x.apply(panel, "x")
        y.apply(panel, "y")
        _plot(panel, marks, x, y)
    labelled(axes, scene.x.title, scene.y.title)
    _legend(
        figure, [family for family in FAMILIES if any(family_of(mark.candidate) == family for mark in every)]
    )
    settle(figure)
    notes = []
    for panel, (point, marks) in zip(axes, panels.items(), strict=True):
        unnamed = name_marks(panel, [_named(mark, x, y) for mark in _by_worth(marks)], _steps(marks, x, y))
        notes += [f"{point}: no room for the names of {', '.join(unnamed)}"] if unnamed else []
        unsure = [mark.candidate.name for mark in marks if not mark.sure]
        notes += [f"{point}: without an interval, so not judged: {', '.join(unsure)}"] if unsure else []
    return figure, notes


def _marks(scene: Scene, point: str) -> list[_Mark]:
    found = []
    for candidate in scene.rivals:
        x, y = scene.figure(candidate, scene.x, point), scene.figure(candidate, scene.y, point)
        if x and y:
            found.append(_Mark(candidate, x.span, y.span, x.sure and y.sure))
    rivals = [n for n, mark in enumerate(found) if mark.sure]
    best = front([[_as_cost(found[n].x, scene.x), _as_cost(found[n].y, scene.y)] for n in rivals])
    on_front = {rivals[n] for n in best}
    return [replace(mark, on_front=n in on_front) for n, mark in enumerate(found)]


def _as_cost(span: Span, measure: Measure) -> Span:
    return span.negated if measure.more else span


def _by_worth(marks: Sequence[_Mark]) -> list[_Mark]:
    """The front first, then the cheap ones: for whose names room is sought first."""
    return sorted(marks, key=lambda mark: (not mark.on_front, mark.y.value))


def _named(mark: _Mark, x: LogAxis, y: LogAxis) -> Named:
    here = x.at(mark.x.value), y.at(mark.y.value)
    ends = [(x.at(end), here[1]) for end in (mark.x.low, mark.x.high)] + [
        (here[0], y.at(end)) for end in (mark.y.low, mark.y.high)
    ]
    colour, _ = FAMILIES[family_of(mark.candidate)]
    return Named(mark.candidate.name, *here, colour, mark.on_front, tuple(ends))


def _plot(panel: "Axes", marks: Sequence[_Mark], x: LogAxis, y: LogAxis) -> None:
    for mark in marks:
        colour, shape = FAMILIES[family_of(mark.candidate)]
        here = x.at(mark.x.value), y.at(mark.y.value)
        panel.plot(
            [x.at(mark.x.low), x.at(mark.x.high)], [here[1]] * 2, color=colour, linewidth=0.7, alpha=0.7
        )
        panel.plot(
            [here[0]] * 2, [y.at(mark.y.low), y.at(mark.y.high)], color=colour, linewidth=0.7, alpha=0.7
        )
        face = colour if mark.on_front else "white"
        panel.plot(
            *here,
            marker=shape,
            color=colour,
            markerfacecolor=face,
            markersize=4,
            markeredgewidth=0.8,
            zorder=3,
        )
    steps = _steps(marks, x, y)
    panel.plot(
        [corner[0] for corner in steps], [corner[1] for corner in steps], color=INK, linewidth=0.8, zorder=2
    )


def _steps(marks: Sequence[_Mark], x: LogAxis, y: LogAxis) -> list[tuple[float, float]]:
    """The corners of the front's line.

    What noise alone keeps on the front would make it go to and fro: it is left out.
    """
    best = [mark for mark in marks if mark.on_front]
    exact = [
        [_as_cost(Span.exact(m.x.value), x.measure), _as_cost(Span.exact(m.y.value), y.measure)] for m in best
    ]
    along = sorted({(x.at(best[n].x.value), y.at(best[n].y.value)) for n in front(exact)})
    corners = along[:1]
    for before, after in pairwise(along):
        corners += [(before[0], after[1]) if x.measure.more else (after[0], before[1]), after]
    return corners


def _legend(figure: "Figure", families: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D(
            [],
            [],
            linestyle="",
            color=FAMILIES[f][0],
            marker=FAMILIES[f][1],
            markersize=4,
            label=NAMES.get(f, f),
        )
        for f in families
    ]
    filled = Line2D(
        [], [], color=INK, marker="o", markersize=4, linewidth=0.8, label="Pareto front (noise allowed for)"
    )
    key(figure, [*handles, filled])


FIGURE = FigureKind(help="cost against cost, with the Pareto front", draw=draw)

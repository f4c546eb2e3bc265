"""Cost against cost, with the Pareto front: the modules that no other one beats."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from attnprof.choosing.candidates import Candidate
from attnprof.choosing.measures import Measure
from attnprof.choosing.pareto import Span, front
from attnprof.figures import FigureKind, Scene, family_of
from attnprof.figures._axis import LogAxis, log_axis
from attnprof.figures._naming import Named, Point, name_marks
from attnprof.figures._style import FAMILIES, INK, NAMES, canvas, captioned, key, labelled, settle, titled

MOST_PANELS = 6
PANEL_HEIGHT = 3.4  # inches


@dataclass(frozen=True)
class _Mark:
    candidate: Candidate
    x: Span
    y: Span
    sure: bool  # whether the intervals of both are known
    on_front: bool = False


Panels = Mapping[str, Sequence[_Mark]]  # by point


def draw(scene: Scene) -> tuple[Figure, list[str]]:
    """A panel for every point; the marks on the front are filled, and joined by its line."""
    if len(scene.points) > MOST_PANELS:
        raise scene.too_many("a panel", MOST_PANELS)
    panels = {point: _marks(scene, point) for point in scene.points}
    marks = [mark for of_point in panels.values() for mark in of_point]
    if not marks:
        raise scene.nothing_of(scene.x, scene.y)
    x = _axis(scene.x, [mark.x for mark in marks])
    y = _axis(scene.y, [mark.y for mark in marks])
    height = min(PANEL_HEIGHT, scene.width)
    figure, axes = canvas(scene.width, height, len(panels), sharex=True, sharey=True)
    captioned(figure, scene.caption)
    for panel, (point, of_point) in zip(axes, panels.items(), strict=True):
        titled(panel, point, scene.floor(scene.y, point))
        x.apply(panel, "x")
        y.apply(panel, "y")
        _plot(panel, of_point, x, y)
    labelled(axes, x.title, y.title)
    _legend(figure, {family_of(mark.candidate) for mark in marks})
    settle(figure)
    return figure, _name(axes, panels, x, y)


def _axis(measure: Measure, spans: Sequence[Span]) -> LogAxis:
    return log_axis(measure, [value for span in spans for value in (span.low, span.high)])


def _name(axes: Sequence[Axes], panels: Panels, x: LogAxis, y: LogAxis) -> list[str]:
    """Name the marks, those on the front first, then the cheap ones; notes on what is missing."""
    notes = []
    for panel, (point, marks) in zip(axes, panels.items(), strict=True):
        ordered = sorted(marks, key=lambda mark: (not mark.on_front, mark.y.value))
        unnamed = name_marks(panel, [_named(mark, x, y) for mark in ordered], _steps(marks, x, y))
        if unnamed:
            notes.append(f"{point}: no room for the names of {', '.join(unnamed)}")
        unsure = [mark.candidate.name for mark in marks if not mark.sure]
        if unsure:
            notes.append(f"{point}: without an interval, so not judged: {', '.join(unsure)}")
    return notes


def _marks(scene: Scene, point: str) -> list[_Mark]:
    marks = []
    for candidate in scene.rivals:
        x, y = scene.figure(candidate, scene.x, point), scene.figure(candidate, scene.y, point)
        if x and y:
            marks.append(_Mark(candidate, x.span, y.span, x.sure and y.sure))
    sure = [n for n, mark in enumerate(marks) if mark.sure]
    best = front([[_as_cost(marks[n].x, scene.x), _as_cost(marks[n].y, scene.y)] for n in sure])
    on_front = {sure[n] for n in best}
    return [replace(mark, on_front=n in on_front) for n, mark in enumerate(marks)]


def _as_cost(span: Span, measure: Measure) -> Span:
    return span.negated if measure.more else span


def _named(mark: _Mark, x: LogAxis, y: LogAxis) -> Named:
    centre = x.place(mark.x.value), y.place(mark.y.value)
    across = [(x.place(end), centre[1]) for end in (mark.x.low, mark.x.high)]
    upright = [(centre[0], y.place(end)) for end in (mark.y.low, mark.y.high)]
    colour, _ = FAMILIES[family_of(mark.candidate)]
    return Named(mark.candidate.name, *centre, colour, mark.on_front, (*across, *upright))


def _plot(panel: Axes, marks: Sequence[_Mark], x: LogAxis, y: LogAxis) -> None:
    for mark in marks:
        colour, shape = FAMILIES[family_of(mark.candidate)]
        start, centre_x, end = (x.place(value) for value in (mark.x.low, mark.x.value, mark.x.high))
        bottom, centre_y, top = (y.place(value) for value in (mark.y.low, mark.y.value, mark.y.high))
        panel.plot([start, end], [centre_y] * 2, color=colour, linewidth=0.7, alpha=0.7)
        panel.plot([centre_x] * 2, [bottom, top], color=colour, linewidth=0.7, alpha=0.7)
        face = colour if mark.on_front else "white"
        [point] = panel.plot(centre_x, centre_y, marker=shape, color=colour, zorder=3)
        point.set(markerfacecolor=face, markersize=4, markeredgewidth=0.8)
    steps = _steps(marks, x, y)
    panel.plot([step[0] for step in steps], [step[1] for step in steps], color=INK, linewidth=0.8, zorder=2)


def _steps(marks: Sequence[_Mark], x: LogAxis, y: LogAxis) -> list[Point]:
    """The corners of the front's line, without the marks that only noise keeps on the front."""
    best = [mark for mark in marks if mark.on_front]
    exact = [(Span.exact(mark.x.value), Span.exact(mark.y.value)) for mark in best]
    costs = [(_as_cost(across, x.measure), _as_cost(upright, y.measure)) for across, upright in exact]
    line = sorted({(x.place(best[n].x.value), y.place(best[n].y.value)) for n in front(costs)})
    corners = line[:1]
    for before, after in pairwise(line):
        corners += [(before[0], after[1]) if x.measure.more else (after[0], before[1]), after]
    return corners


def _legend(figure: Figure, families: Container[str]) -> None:
    handles = [
        Line2D([], [], linestyle="", color=colour, marker=mark, markersize=4, label=NAMES.get(family, family))
        for family, (colour, mark) in FAMILIES.items()
        if family in families
    ]
    front_label = "Pareto front (noise allowed for)"
    filled = Line2D([], [], color=INK, marker="o", markersize=4, linewidth=0.8, label=front_label)
    key(figure, [*handles, filled])


FIGURE = FigureKind(help="cost against cost, with the Pareto front", draw=draw)

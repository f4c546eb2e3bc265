"""Peak memory, a line per module: what was measured, and what counting says has to be alive at once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attnprof.choosing.measures import Measure, measures
from attnprof.errors import UsageError
from attnprof.figures import FigureKind, Scene
from attnprof.figures._axis import LogAxis, log_axis
from attnprof.figures._style import FRAME, INK, MARKS, SERIES, SMALL, canvas, captioned, key

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINE_HEIGHT = 0.125  # inches
MOST_POINTS = len(SERIES)
Values = dict[str, dict[str, float]]


def draw(scene: Scene) -> "tuple[Figure, list[str]]":
    """One panel: modules from the least to the most, a mark for every point."""
    if len(scene.points) > MOST_POINTS:
        raise UsageError(f"{len(scene.points)} points, a colour each: choose up to {MOST_POINTS} with --at")
    activations = measures()["activation_memory"]
    measure = scene.y if scene.y.kind == "bytes" else measures()["memory"]
    values, counted = _values(scene, measure), _values(scene, activations)
    if not values and measure is not scene.y:  # a run of counts alone
        measure, values = activations, counted
    if measure.mode == "train" or measure is activations:  # what is counted is of the forward pass
        counted = {}
    names = sorted(values, key=lambda name: (max(values[name].values()), name))
    if not names:
        raise scene.nothing_of(measure)
    every = [
        v for name in names for figures in (values[name], counted.get(name, {})) for v in figures.values()
    ]
    axis = log_axis(measure, every)
    figure, (panel,) = canvas(scene.width, LINE_HEIGHT * len(names) + FRAME, 1)
    captioned(figure, scene.caption)
    axis.apply(panel, "x")
    panel.set_xlabel(measure.title)
    panel.set_ylim(-0.8, len(names) - 0.2)
    panel.set_yticks(range(len(names)), names, fontsize=SMALL)
    panel.tick_params(axis="y", length=0)
    panel.yaxis.grid(True)
    _plot(panel, names, scene.points, values, counted, axis)
    _legend(figure, scene.points, any(counted.values()))
    return figure, []


def _values(scene: Scene, measure: Measure) -> Values:
    """module -> point -> figure, of those that have any."""
    made: Values = {}
    for candidate in scene.rivals:
        for point in scene.points:
            found = scene.figure(candidate, measure, point)
            if found:
                made.setdefault(candidate.name, {})[point] = found.span.value
    return made


def _plot(
    panel: "Axes",
    names: Sequence[str],
    points: Sequence[str],
    found: Values,
    counted: Values,
    axis: LogAxis,
) -> None:
    for n, point in enumerate(points):
        for values, mark, size in ((counted, "|", 7), (found, MARKS[n], 3.5)):
            there = [
                (axis.at(values[name][point]), row)
                for row, name in enumerate(names)
                if point in values.get(name, {})
            ]
            if there:
                panel.plot(
                    *zip(*there, strict=True), linestyle="", marker=mark, color=SERIES[n], markersize=size
                )


def _legend(figure: "Figure", points: Sequence[str], counted: bool) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="", marker=MARKS[n], color=SERIES[n], markersize=3.5, label=point)
        for n, point in enumerate(points)
    ]
    if counted:
        handles.append(
            Line2D([], [], linestyle="", marker="|", color=INK, markersize=7, label="counted: alive at once")
        )
    key(figure, handles)


FIGURE = FigureKind(help="peak memory, a line per module", draw=draw)

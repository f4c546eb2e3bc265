"""Peak memory, a line per module: measured, and the least that counting finds alive at once."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from attnprof.choosing.measures import Measure, measures
from attnprof.figures import FigureKind, Scene
from attnprof.figures._axis import LogAxis, log_axis
from attnprof.figures._style import FRAME, INK, MARKS, SERIES, SMALL, canvas, captioned, key

LINE_HEIGHT = 0.125  # inches
MOST_POINTS = len(SERIES)
Values = dict[str, dict[str, float]]  # module: point: figure


def draw(scene: Scene) -> tuple[Figure, list[str]]:
    """One panel: modules from the least to the most, a mark for every point."""
    if len(scene.points) > MOST_POINTS:
        raise scene.too_many("a colour", MOST_POINTS)
    measure, values, counted = _values(scene)
    if not values:
        raise scene.nothing_of(measure)
    names = sorted(values, key=lambda name: (max(values[name].values()), name))
    figures = [values[name] for name in names] + [counted.get(name, {}) for name in names]
    axis = log_axis(measure, [value for by_point in figures for value in by_point.values()])
    figure, (panel,) = canvas(scene.width, LINE_HEIGHT * len(names) + FRAME, 1)
    captioned(figure, scene.caption)
    axis.apply(panel, "x")
    panel.set_xlabel(measure.title)
    panel.set_ylim(-0.8, len(names) - 0.2)
    panel.set_yticks(range(len(names)), names, fontsize=SMALL)
    panel.tick_params(axis="y", length=0)
    panel.yaxis.grid(True)
    for number, point in enumerate(scene.points):
        _plot(panel, names, point, counted, axis, marker="|", color=SERIES[number], markersize=7)
        _plot(panel, names, point, values, axis, marker=MARKS[number], color=SERIES[number], markersize=3.5)
    _legend(figure, scene.points, any(counted.values()))
    return figure, []


def _values(scene: Scene) -> tuple[Measure, Values, Values]:
    """The measure to draw, its figures, and the counts beside them, which are of the forward pass."""
    activations = measures()["activation_memory"]
    measure = scene.y if scene.y.kind == "bytes" else measures()["memory"]
    values, counted = _figures(scene, measure), _figures(scene, activations)
    if not values and measure is not scene.y:  # a run of counts alone
        return activations, counted, {}
    return measure, values, {} if measure.mode == "train" or measure is activations else counted


def _figures(scene: Scene, measure: Measure) -> Values:
    """The figures of modules that have any."""
    values: Values = {}
    for candidate in scene.rivals:
        for point in scene.points:
            drawn = scene.figure(candidate, measure, point)
            if drawn:
                values.setdefault(candidate.name, {})[point] = drawn.span.value
    return values


def _plot(
    panel: Axes, names: Sequence[str], point: str, values: Values, axis: LogAxis, **marks: str | float
) -> None:
    """A mark on the line of each module that has a figure at ``point``."""
    rows = [row for row, name in enumerate(names) if point in values.get(name, {})]
    places = [axis.place(values[names[row]][point]) for row in rows]
    if rows:
        panel.plot(places, rows, linestyle="", **marks)  # type: ignore[arg-type] # marker, color, markersize


def _legend(figure: Figure, points: Sequence[str], counted: bool) -> None:
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

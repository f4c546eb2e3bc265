"""Growth of a cost with channels or resolution: lines on logarithmic axes, with fitted exponents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from attnprof.choosing.candidates import Candidate
from attnprof.choosing.measures import Measure
from attnprof.choosing.pareto import Span
from attnprof.errors import UsageError
from attnprof.figures import FigureKind, Scene, family_of
from attnprof.figures._axis import LogAxis, log_axis
from attnprof.figures._fit import PowerLaw, fit
from attnprof.figures._placing import spread
from attnprof.figures._style import (
    FAINT,
    FAMILIES,
    FRAME,
    MARKS,
    NAMES,
    POINTS,
    SERIES,
    SMALL,
    canvas,
    captioned,
    key,
    labelled,
    settle,
    titled,
)

MOST_PANELS = 6
PANEL_HEIGHTS = (3.0, 8.0)  # inches: of few lines, of many
NAME_HEIGHT = 1.15 * SMALL  # points
NAME_WIDTH = 82  # points, of the room at the right for names
MOST_TICKS = 7
Size = tuple[int, int, int]
# Of each axis: its value at a size, the panel of a size, and the axis's symbol.
AXES: dict[str, tuple[Callable[[Size], int], Callable[[Size], str], str]] = {
    "channels": (lambda size: size[0], lambda size: f"{size[1]}x{size[2]}", "C"),
    "res": (lambda size: size[1] * size[2], lambda size: f"C = {size[0]}", "(HW)"),
}
LABELS = {"channels": "channels C", "res": "pixels HW"}
NAMES_OF = {"channels": "channel counts", "res": "resolutions"}


@dataclass(frozen=True)
class _Curve:
    candidate: Candidate
    points: tuple[tuple[int, Span], ...]  # along the axis, ascending
    law: PowerLaw


@dataclass(frozen=True)
class _Content:
    title: str
    curves: Sequence[_Curve]
    ticks: dict[int, str]  # along the axis: place -> text


def draw(scene: Scene) -> tuple[Figure, list[str]]:
    """A panel for every number of channels (or map size), a line per module, its exponent beside its name."""
    sizes = {point: _size_of(scene, point) for point in scene.points}
    against = scene.against or _usual(list(sizes.values()))
    contents = [
        _content(scene, title, {point: sizes[point] for point in points}, against)
        for title, points in _panels(sizes, against).items()
    ]
    curves = [curve for content in contents for curve in content.curves]
    if not curves:
        raise scene.nothing_of(scene.y)
    looks = _looks(curves)
    most = max(len(content.curves) for content in contents)
    figure, axes = canvas(scene.width, _height(most), len(contents), sharey=True)
    captioned(figure, scene.caption)
    axis = _axis(scene.y, curves)
    for panel, content in zip(axes, contents, strict=True):
        titled(panel, content.title, f"k of {AXES[against][2]}ᵏ")
        axis.apply(panel, "y")
        _plot(panel, content.curves, looks)
        _ticks(panel, content.ticks)
    labelled(axes, LABELS[against], scene.y.title)
    _legend(figure, curves, looks)
    settle(figure)
    return figure, _name_all(axes, contents, looks)


def _content(scene: Scene, title: str, sizes: dict[str, Size], against: str) -> _Content:
    """What the panel ``title`` shows: the points in ``sizes``."""
    along, _, _ = AXES[against]
    curves = _lines(scene, list(sizes), lambda point: along(sizes[point]))
    return _Content(title, curves, {along(size): _tick(size, against) for size in sizes.values()})


def _name_all(
    axes: Sequence[Axes], contents: Sequence[_Content], looks: dict[str, tuple[str, str]]
) -> list[str]:
    """Write the modules' names beside their lines. Returns a note for each panel that lacks room for some."""
    unnamed = {
        content.title: _name(panel, content.curves, looks)
        for panel, content in zip(axes, contents, strict=True)
    }
    return [_no_room(title, names) for title, names in unnamed.items() if names]


def _no_room(panel: str, names: Sequence[str]) -> str:
    return f"{panel}: no room for the names of {', '.join(names)}"


def _axis(measure: Measure, lines: Sequence[_Curve]) -> LogAxis:
    spans = [span for line in lines for _, span in line.points]
    return log_axis(measure, [value for span in spans for value in (span.low, span.high)])


def _panels(sizes: dict[str, Size], against: str) -> dict[str, list[str]]:
    """Title of a panel -> its points, at least two along the axis.

    Raises UsageError for none, or for too many.
    """
    along, panel_of, _ = AXES[against]
    panels: dict[str, list[str]] = {}
    for point, size in sizes.items():
        conditions = point.partition(" ")[2]
        panels.setdefault(f"{panel_of(size)} {conditions}".rstrip(), []).append(point)
    panels = {title: points for title, points in panels.items() if len({along(sizes[p]) for p in points}) > 1}
    if not panels:
        option = "--channels 64,128,256" if against == "channels" else "--res 14,28,56"
        raise UsageError(f"nothing was measured at several {NAMES_OF[against]}. attnprof run {option}")
    if len(panels) > MOST_PANELS:
        titles = ", ".join(panels)
        raise UsageError(
            f"{len(panels)} panels, one for each of {titles}: choose up to {MOST_PANELS} with --at"
        )
    return panels


def _height(lines: int) -> float:
    """Inches of a panel with room for the names of ``lines``."""
    least, most = PANEL_HEIGHTS
    return min(most, max(least, lines * NAME_HEIGHT / POINTS + FRAME))


def _size_of(scene: Scene, point: str) -> Size:
    cells = (
        row
        for candidate in scene.candidates
        for (where, _), (row, _) in candidate.cells.items()
        if where == point
    )
    row = next(cells)
    return row["channels"], row["height"], row["width"]


def _usual(sizes: Sequence[Size]) -> str:
    return max(("res", "channels"), key=lambda name: len({AXES[name][0](size) for size in sizes}))


def _lines(scene: Scene, points: Sequence[str], along: Callable[[str], int]) -> list[_Curve]:
    lines = []
    for candidate in scene.rivals:
        figures = [(along(point), scene.figure(candidate, scene.y, point)) for point in points]
        spans = [(x, drawn.span) for x, drawn in figures if drawn and drawn.span.value > 0]
        spans.sort(key=lambda pair: pair[0])
        if len({x for x, _ in spans}) > 1:
            law = fit([x for x, _ in spans], [span.value for _, span in spans])
            lines.append(_Curve(candidate, tuple(spans), law))
    return lines


def _looks(lines: Sequence[_Curve]) -> dict[str, tuple[str, str]]:
    """A colour and a mark for every module: its own where there are few, else its family's."""
    names = list(dict.fromkeys(line.candidate.name for line in lines))
    if len(names) <= len(SERIES):
        return {name: (SERIES[n], MARKS[n]) for n, name in enumerate(names)}
    return {line.candidate.name: FAMILIES[family_of(line.candidate)] for line in lines}


def _tick(size: Size, against: str) -> str:
    return str(size[0]) if against == "channels" else f"{size[1]}x{size[2]}"


def _ticks(panel: Axes, places: dict[int, str]) -> None:
    """Ticks at the measured sizes, without those that would overlap another."""
    panel.set_xscale("log")
    low, high = min(places), max(places)
    apart = (high / low) ** (1 / MOST_TICKS)
    shown: list[int] = []
    for place in sorted(places):
        if not shown or place >= shown[-1] * apart:
            shown.append(place)
    panel.xaxis.set_major_locator(FixedLocator([float(place) for place in shown]))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xticklabels([places[place] for place in shown])
    panel.xaxis.grid(True)


def _plot(panel: Axes, lines: Sequence[_Curve], looks: dict[str, tuple[str, str]]) -> None:
    for line in lines:
        colour, mark = looks[line.candidate.name]
        xs = [x for x, _ in line.points]
        spans = [span for _, span in line.points]
        panel.vlines(xs, [s.low for s in spans], [s.high for s in spans], color=colour, linewidth=0.7)
        panel.plot(xs, [s.value for s in spans], linestyle="", marker=mark, color=colour, markersize=3)
        panel.plot(
            [xs[0], xs[-1]], [line.law(xs[0]), line.law(xs[-1])], color=colour, linewidth=0.8, alpha=0.8
        )


def _legend(figure: Figure, lines: Sequence[_Curve], looks: dict[str, tuple[str, str]]) -> None:
    """The families, where colours stand for them; otherwise names beside the lines suffice."""
    families = [name for name in FAMILIES if any(family_of(line.candidate) == name for line in lines)]
    if any(looks[line.candidate.name] != FAMILIES[family_of(line.candidate)] for line in lines):
        return
    handles = [
        Line2D(
            [],
            [],
            color=FAMILIES[name][0],
            marker=FAMILIES[name][1],
            markersize=3,
            linewidth=0.8,
            label=NAMES.get(name, name),
        )
        for name in families
    ]
    key(figure, handles)


def _name(panel: Axes, lines: Sequence[_Curve], looks: dict[str, tuple[str, str]]) -> list[str]:
    """Write names and exponents in a column at the right; returns the names without room."""
    low = min(line.points[0][0] for line in lines)
    high = max(line.points[-1][0] for line in lines)
    width = panel.get_window_extent().width
    share = NAME_WIDTH / (width - NAME_WIDTH)
    reach = (high / low) ** (1 + share)
    panel.set_xlim(low / (high / low) ** 0.04, low * reach)
    to_display, to_data = panel.transData, panel.transData.inverted()
    ends = [to_display.transform((line.points[-1][0], line.law(line.points[-1][0]))) for line in lines]
    bottom, top = (
        panel.get_window_extent().y0 + NAME_HEIGHT / 2,
        panel.get_window_extent().y1 - NAME_HEIGHT / 2,
    )
    places = spread([float(y) for _, y in ends], NAME_HEIGHT, bottom, top)
    column = to_display.transform((high, 1))[0] + 14
    for line, (x, y), place in zip(lines, ends, places, strict=True):
        if place is None:
            continue
        colour, _ = looks[line.candidate.name]
        tie = to_data.transform([(x + 3, y), (column - 2, place)])
        panel.plot(tie[:, 0], tie[:, 1], color=FAINT, linewidth=0.4, scalex=False, scaley=False, zorder=1.5)
        text_x, text_y = to_data.transform((column, place))
        exponent = round(line.law.exponent, 2) + 0.0  # no -0.00
        panel.text(
            text_x,
            text_y,
            f"{line.candidate.name} {exponent:.2f}".replace("-", "\N{MINUS SIGN}"),
            va="center",
            fontsize=SMALL,
            color=colour,
        )
    return [line.candidate.name for line, place in zip(lines, places, strict=True) if place is None]


FIGURE = FigureKind(help="growth with channels or resolution, with fitted exponents", draw=draw)

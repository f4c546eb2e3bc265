"""Growth with channels or resolution, with fitted exponents; with the batch, as throughput curves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator

from attnprof.choosing.candidates import Candidate, Row, label, varying_conditions
from attnprof.choosing.measures import Measure
from attnprof.choosing.pareto import Span
from attnprof.errors import UsageError
from attnprof.figures import AXES, FigureKind, Scene, family_of
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
NAME_WIDTH = 82  # points, of the room at the right for names, at most
NAME_GAP = 14  # points, between the last figure and a name
LETTER_WIDTH = 5  # points, of a letter of a name
MOST_TICKS = 7


@dataclass(frozen=True)
class _Way:
    """What a figure goes along."""

    label: str  # of the axis
    values: str  # in the plural, in a sentence
    option: str  # of run, for several of them
    along: Callable[[Row], int]  # the place of a row
    tick: Callable[[Row], str]  # the text at that place
    panel: Callable[[Row], str]  # what the rows of one panel share
    symbol: str = ""  # of the power law that is fitted; '': the figures are joined as they are

    @property
    def aside(self) -> str:
        """What stands behind the names: the exponent of a power law."""
        return f"k of {self.symbol}ᵏ" if self.symbol else ""


WAYS = {
    "channels": _Way(
        "channels C",
        "channel counts",
        "--channels 64,128,256",
        along=lambda row: int(row["channels"]),
        tick=lambda row: str(row["channels"]),
        panel=lambda row: f"{row['height']}x{row['width']}",
        symbol="C",
    ),
    "res": _Way(
        "pixels HW",
        "resolutions",
        "--res 14,28,56",
        along=lambda row: int(row["height"] * row["width"]),
        tick=lambda row: f"{row['height']}x{row['width']}",
        panel=lambda row: f"C = {row['channels']}",
        symbol="(HW)",
    ),
    # A device that fills up follows no power law.
    "batch": _Way(
        "images per call",
        "batches",
        "--batch 1,8,32",
        along=lambda row: int(row["batch"]),
        tick=lambda row: str(row["batch"]),
        panel=label,
    ),
}


@dataclass(frozen=True)
class _Curve:
    candidate: Candidate
    points: tuple[tuple[int, Span], ...]  # along the axis, ascending
    law: PowerLaw | None  # None: the points are joined

    @property
    def line(self) -> list[tuple[float, float]]:
        """The corners of its line."""
        if self.law is None:
            return [(x, span.value) for x, span in self.points]
        return [(x, self.law(x)) for x in (self.points[0][0], self.points[-1][0])]

    @property
    def title(self) -> str:
        """Its module, with the exponent of the law."""
        if self.law is None:
            return self.candidate.name
        exponent = round(self.law.exponent, 2) + 0.0  # no -0.00
        return f"{self.candidate.name} {exponent:.2f}".replace("-", "\N{MINUS SIGN}")


@dataclass(frozen=True)
class _Content:
    title: str
    curves: Sequence[_Curve]
    ticks: dict[int, str]  # along the axis: place -> text


def draw(scene: Scene) -> tuple[Figure, list[str]]:
    """A panel for each of what the axis leaves open, a line per module, its exponent beside its name."""
    rows = {point: _row_at(scene, point) for point in scene.points}
    against = scene.against or _usual(list(rows.values()))
    way = WAYS[against]
    contents = [
        _content(scene, title, {point: rows[point] for point in points}, way)
        for title, points in _panels(scene, rows, against).items()
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
        titled(panel, content.title, way.aside)
        axis.apply(panel, "y")
        _plot(panel, content.curves, looks)
        _ticks(panel, content.ticks)
    labelled(axes, way.label, axis.title)
    _legend(figure, curves, looks)
    settle(figure)
    return figure, _name_all(axes, contents, looks)


def _content(scene: Scene, title: str, rows: dict[str, Row], way: _Way) -> _Content:
    """What the panel ``title`` shows: the points of ``rows``."""
    places = {point: way.along(row) for point, row in rows.items()}
    curves = _curves(scene, places, is_fitted=bool(way.symbol))
    return _Content(title, curves, {way.along(row): way.tick(row) for row in rows.values()})


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


def _axis(measure: Measure, curves: Sequence[_Curve]) -> LogAxis:
    spans = [span for curve in curves for _, span in curve.points]
    return log_axis(measure, [value for span in spans for value in (span.low, span.high)])


def _panels(scene: Scene, rows: dict[str, Row], against: str) -> dict[str, list[str]]:
    """Title of a panel -> its points, at least two along the axis. rows: of each point.

    Raises UsageError for none, or for too many.
    """
    way = WAYS[against]
    titles = _titles(scene, rows, against)
    points_of = {title: [point for point in rows if titles[point] == title] for title in titles.values()}
    panels = {
        title: points for title, points in points_of.items() if len({way.along(rows[p]) for p in points}) > 1
    }
    if not panels:
        raise UsageError(f"nothing was measured at several {way.values}: attnprof run {way.option}")
    if len(panels) > MOST_PANELS:
        names = ", ".join(panels)
        raise UsageError(
            f"{len(panels)} panels, one for each of {names}: choose up to {MOST_PANELS} with --at"
        )
    return panels


def _titles(scene: Scene, rows: dict[str, Row], against: str) -> dict[str, str]:
    """Point -> the title of its panel: what the axis leaves open, and the conditions that vary in the run."""
    everything = [row for candidate in scene.candidates for row, _ in candidate.cells.values()]
    vary = [name for name in varying_conditions(everything) if name != against]
    conditions = {point: label(row, vary).removeprefix(label(row)) for point, row in rows.items()}
    return {point: f"{WAYS[against].panel(row)}{conditions[point]}" for point, row in rows.items()}


def _height(lines: int) -> float:
    """Inches of a panel with room for the names of ``lines``."""
    least, most = PANEL_HEIGHTS
    return min(most, max(least, lines * NAME_HEIGHT / POINTS + FRAME))


def _row_at(scene: Scene, point: str) -> Row:
    """A row of the point: all of them are of one size, under the same conditions."""
    return next(
        row
        for candidate in scene.candidates
        for (where, _), (row, _) in candidate.cells.items()
        if where == point
    )


def _usual(rows: Sequence[Row]) -> str:
    """The axis that varies most."""
    return max(AXES, key=lambda name: len({WAYS[name].along(row) for row in rows}))


def _curves(scene: Scene, places: dict[str, int], is_fitted: bool) -> list[_Curve]:
    """The curve of each module that has figures at two places. places: of each point, along the axis."""
    curves = []
    for candidate in scene.rivals:
        figures = [(place, scene.figure(candidate, scene.y, point)) for point, place in places.items()]
        spans = [(x, drawn.span) for x, drawn in figures if drawn and drawn.span.value > 0]
        spans.sort(key=lambda pair: pair[0])
        if len({x for x, _ in spans}) > 1:
            curves.append(_Curve(candidate, tuple(spans), _law(spans) if is_fitted else None))
    return curves


def _law(spans: Sequence[tuple[int, Span]]) -> PowerLaw:
    return fit([x for x, _ in spans], [span.value for _, span in spans])


def _looks(curves: Sequence[_Curve]) -> dict[str, tuple[str, str]]:
    """A colour and a mark for every module: its own where there are few, else its family's."""
    names = list(dict.fromkeys(curve.candidate.name for curve in curves))
    if len(names) <= len(SERIES):
        return {name: (SERIES[n], MARKS[n]) for n, name in enumerate(names)}
    return {curve.candidate.name: FAMILIES[family_of(curve.candidate)] for curve in curves}


def _ticks(panel: Axes, places: dict[int, str]) -> None:
    """Ticks at the measured places, without those that would overlap another."""
    panel.set_xscale("log", base=2)
    low, high = min(places), max(places)
    apart = 0.999 * (high / low) ** (1 / MOST_TICKS)  # powers of two may stand as near as that
    shown: list[int] = []
    for place in sorted(places):
        if not shown or place >= shown[-1] * apart:
            shown.append(place)
    panel.xaxis.set_major_locator(FixedLocator([float(place) for place in shown]))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xticklabels([places[place] for place in shown])
    panel.xaxis.grid(True)


def _plot(panel: Axes, curves: Sequence[_Curve], looks: dict[str, tuple[str, str]]) -> None:
    for curve in curves:
        colour, mark = looks[curve.candidate.name]
        xs = [x for x, _ in curve.points]
        spans = [span for _, span in curve.points]
        panel.vlines(xs, [s.low for s in spans], [s.high for s in spans], color=colour, linewidth=0.7)
        panel.plot(xs, [s.value for s in spans], linestyle="", marker=mark, color=colour, markersize=3)
        panel.plot(
            [x for x, _ in curve.line], [y for _, y in curve.line], color=colour, linewidth=0.8, alpha=0.8
        )


def _legend(figure: Figure, curves: Sequence[_Curve], looks: dict[str, tuple[str, str]]) -> None:
    """The families, where colours stand for them; otherwise names beside the lines suffice."""
    families = [name for name in FAMILIES if any(family_of(curve.candidate) == name for curve in curves)]
    if any(looks[curve.candidate.name] != FAMILIES[family_of(curve.candidate)] for curve in curves):
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


def _make_room(panel: Axes, curves: Sequence[_Curve]) -> float:
    """Leave room for names at the right of a panel. Returns where they begin, in points."""
    low = min(curve.points[0][0] for curve in curves)
    high = max(curve.points[-1][0] for curve in curves)
    width = panel.get_window_extent().width
    room = min(NAME_WIDTH, NAME_GAP + LETTER_WIDTH * max(len(curve.title) for curve in curves))
    reach = (high / low) ** (1 + room / (width - room))
    panel.set_xlim(low / (high / low) ** 0.04, low * reach)
    return float(panel.transData.transform((high, 1))[0]) + NAME_GAP


def _name(panel: Axes, curves: Sequence[_Curve], looks: dict[str, tuple[str, str]]) -> list[str]:
    """Write names and exponents in a column at the right; returns the names without room."""
    column = _make_room(panel, curves)
    to_display, to_data = panel.transData, panel.transData.inverted()
    ends = [to_display.transform(curve.line[-1]) for curve in curves]
    bottom, top = (
        panel.get_window_extent().y0 + NAME_HEIGHT / 2,
        panel.get_window_extent().y1 - NAME_HEIGHT / 2,
    )
    places = spread([float(y) for _, y in ends], NAME_HEIGHT, bottom, top)
    for curve, (x, y), place in zip(curves, ends, places, strict=True):
        if place is None:
            continue
        colour, _ = looks[curve.candidate.name]
        tie = to_data.transform([(x + 3, y), (column - 2, place)])
        panel.plot(tie[:, 0], tie[:, 1], color=FAINT, linewidth=0.4, scalex=False, scaley=False, zorder=1.5)
        text_x, text_y = to_data.transform((column, place))
        panel.text(text_x, text_y, curve.title, va="center", fontsize=SMALL, color=colour)
    return [curve.candidate.name for curve, place in zip(curves, places, strict=True) if place is None]


FIGURE = FigureKind(help="growth with channels, resolution or batch, with exponents", draw=draw)

"""Ranks in each runtime: a line per module, those that move most in colour and named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from attnprof.choosing.candidates import Candidate, Row, label, varying_conditions
from attnprof.choosing.latency_ranks import LATENCY, latency_ranks, shared_ranks
from attnprof.choosing.pareto import Span
from attnprof.choosing.ranking import cost
from attnprof.errors import UsageError
from attnprof.figures import FigureKind, Scene
from attnprof.figures._placing import spread
from attnprof.figures._style import (
    FAINT,
    FRAME,
    MARKS,
    POINTS,
    SERIES,
    SMALL,
    canvas,
    captioned,
    labelled,
    settle,
    titled,
)
from attnprof.stats import rank_correlation

MOST_PANELS = 6
PANEL_HEIGHTS = (2.2, 6.4)  # inches: of few modules, of many
NAME_HEIGHT = 1.15 * SMALL  # points
NAME_GAP = 8  # points, between the last rank and a name
LETTER_WIDTH = 4.0  # points, of a letter of a name
RANK_STEPS, MOST_TICKS = (1, 5, 10, 20, 50), 7
MOST_NAMED = 40  # modules of a panel that are all named; of more, those that move most
RUNTIME = "execution"
SEVERAL = "attnprof run --runtime eager,onnxruntime"
FIRST = "eager"  # the runtime at the left, to which the others are held


@dataclass(frozen=True)
class _Line:
    """A module's ranks, in the order of the runtimes."""

    name: str
    ranks: tuple[int, ...]

    @property
    def move(self) -> int:
        """How far apart its best rank and its worst one are."""
        return max(self.ranks) - min(self.ranks)


@dataclass(frozen=True)
class _Content:
    """What a panel shows."""

    title: str
    runtimes: Sequence[str]
    correlations: Sequence[float]  # of the figures in each runtime with those in the first
    lines: Sequence[_Line]  # those that move most first
    absent: Sequence[str]  # modules without a figure in some runtime

    @property
    def movers(self) -> list[_Line]:
        """The lines in colour: those that move most, a third of all at most."""
        most = min(len(SERIES), -(-len(self.lines) // 3))
        return [line for line in self.lines[:most] if line.move]

    @property
    def named(self) -> Sequence[_Line]:
        """The lines with a name: all of few modules, those in colour of many."""
        return self.lines if len(self.lines) <= MOST_NAMED else self.movers


def draw(scene: Scene) -> tuple[Figure, list[str]]:
    """A panel for every size, the runtimes side by side, the first rank at the top."""
    panels = _panels(scene)
    contents = [_content(scene, title, points) for title, points in panels.items()]
    if not any(content.lines for content in contents):
        raise scene.nothing_of(scene.y)
    contents = [content for content in contents if content.lines]
    most = max(len(content.lines) for content in contents)
    figure, axes = canvas(scene.width, _height(most), len(contents))
    captioned(figure, scene.caption)
    for panel, content in zip(axes, contents, strict=True):
        titled(panel, content.title, f"{len(content.lines)} modules")
        _plot(panel, content)
    labelled(axes, f"ρ: rank correlation with {contents[0].runtimes[0]}", f"rank by {scene.y.title}")
    settle(figure)
    for panel, content in zip(axes, contents, strict=True):
        _name(panel, content)
    return figure, [note for content in contents for note in _notes(content)]


def _panels(scene: Scene) -> dict[str, dict[str, str]]:
    """Title of a panel -> runtime -> its point. Raises UsageError for one runtime, or too many panels."""
    rows = {point: _row_at(scene, point) for point in scene.points}
    vary = [name for name in varying_conditions(list(rows.values())) if name != RUNTIME]
    panels: dict[str, dict[str, str]] = {}
    for point, row in sorted(rows.items(), key=lambda pair: pair[1][RUNTIME] != FIRST):
        panels.setdefault(label(row, vary), {})[row[RUNTIME]] = point
    several = {title: points for title, points in panels.items() if len(points) > 1}
    if not several:
        raise UsageError(f"ranks are drawn across runtimes, and this run has one: {SEVERAL}")
    if len(several) > MOST_PANELS:
        raise UsageError(f"{len(several)} sizes, a panel each: choose up to {MOST_PANELS} with --at")
    return several


def _row_at(scene: Scene, point: str) -> Row:
    """A row of the point: all of them are of one size, under the same conditions."""
    cells = (cell for candidate in scene.candidates for cell in candidate.cells.items())
    return next(row for (place, _), (row, _) in cells if place == point)


def _content(scene: Scene, title: str, points: Mapping[str, str]) -> _Content:
    """What the panel ``title`` shows. points: of each runtime."""
    complete: list[Candidate] = []
    absent: list[Candidate] = []
    for candidate in scene.rivals:
        figures = [scene.figure(candidate, scene.y, point) for point in points.values()]
        (complete if all(figures) else absent).append(candidate)
    ranks = [_ranks(scene, complete, point) for point in points.values()]
    lines = [_Line(candidate.name, tuple(each[n] for each in ranks)) for n, candidate in enumerate(complete)]
    spans = [_spans(scene, complete, point) for point in points.values()]
    values = [[span.value for span in each] for each in spans]
    correlations = [rank_correlation(values[0], each) for each in values]
    ordered = sorted(lines, key=lambda line: (-line.move, line.ranks))
    return _Content(title, list(points), correlations, ordered, [candidate.name for candidate in absent])


def _ranks(scene: Scene, among: Sequence[Candidate], point: str) -> list[int]:
    """The rank of each of ``among`` at ``point``, as a table has it."""
    if scene.y.column == LATENCY:
        ranks = latency_ranks([candidate.cells[point, scene.y.mode][0] for candidate in among])
        return [ranks[n].rank for n in range(len(among))]
    return [each.rank for each in shared_ranks([cost(span, scene.y) for span in _spans(scene, among, point)])]


def _spans(scene: Scene, among: Sequence[Candidate], point: str) -> list[Span]:
    figures = [candidate.figure(scene.y, point) for candidate in among]
    return [figure for figure in figures if isinstance(figure, Span)]


def _height(lines: int) -> float:
    """Inches of a panel with room for ``lines`` names."""
    least, most = PANEL_HEIGHTS
    return min(most, max(least, lines * NAME_HEIGHT / POINTS + FRAME))


def _plot(panel: Axes, content: _Content) -> None:
    """The lines, those that move most in colour above the others."""
    places = range(len(content.runtimes))
    for line in content.lines:
        panel.plot(places, line.ranks, color=FAINT, linewidth=0.6, marker="o", markersize=1.6, zorder=1.5)
    for line, colour, mark in zip(content.movers, SERIES, MARKS, strict=False):
        panel.plot(places, line.ranks, color=colour, linewidth=1.3, marker=mark, markersize=3.5, zorder=3)
    panel.set_ylim(len(content.lines) + 0.7, 0.3)
    panel.set_yticks(_rank_ticks(len(content.lines)))
    panel.set_xticks(places, [content.runtimes[0], *_headings(content)])
    panel.tick_params(axis="x", length=0)
    for place in places:
        panel.axvline(place, color="#E4E4E4", linewidth=0.5, zorder=0)


def _rank_ticks(most: int) -> list[int]:
    """The first rank, and every fifth, tenth or twentieth."""
    step = next(step for step in RANK_STEPS if most / step <= MOST_TICKS or step == RANK_STEPS[-1])
    return [1, *range(max(step, 2), most + 1, step)]


def _headings(content: _Content) -> list[str]:
    """Of each runtime but the first its name and the correlation."""
    pairs = zip(content.runtimes[1:], content.correlations[1:], strict=True)
    return [f"{runtime}\nρ {correlation:.2f}" for runtime, correlation in pairs]


def _name(panel: Axes, content: _Content) -> None:
    """Write names behind the last runtime."""
    colours = dict(zip([line.name for line in content.movers], SERIES, strict=False))
    named = content.named
    _make_room(panel, content, named)
    to_display, to_data = panel.transData, panel.transData.inverted()
    last = len(content.runtimes) - 1
    ends = [to_display.transform((last, line.ranks[-1])) for line in named]
    frame = panel.get_window_extent()
    places = spread([float(y) for _, y in ends], NAME_HEIGHT, frame.y0 + 3, frame.y1 - 3)
    for line, (x, y), place in zip(named, ends, places, strict=True):
        if place is None:
            continue
        tie = to_data.transform([(x + 2.5, y), (x + NAME_GAP - 1, place)])
        panel.plot(tie[:, 0], tie[:, 1], color=FAINT, linewidth=0.4, scalex=False, scaley=False, zorder=1.5)
        text_x, text_y = to_data.transform((x + NAME_GAP, place))
        colour, weight = colours.get(line.name, "#777777"), "bold" if line.name in colours else "normal"
        panel.text(text_x, text_y, line.name, va="center", fontsize=SMALL, color=colour, fontweight=weight)


def _make_room(panel: Axes, content: _Content, named: Sequence[_Line]) -> None:
    """Leave room for names at the right of a panel."""
    last = len(content.runtimes) - 1
    room = NAME_GAP + LETTER_WIDTH * max((len(line.name) for line in named), default=0)
    share = room / panel.get_window_extent().width
    panel.set_xlim(-0.15 * last, last * (1 + 0.15 * share) / (1 - share))


def _notes(content: _Content) -> list[str]:
    """What the panel leaves out."""
    notes = []
    if len(content.named) < len(content.lines):
        movers = f"the {len(content.named)} that move most are named"
        notes.append(f"{content.title}: of {len(content.lines)} modules {movers}")
    if content.absent:
        notes.append(f"{content.title}: not in every runtime, so not ranked: {', '.join(content.absent)}")
    return notes


FIGURE = FigureKind(help="ranks in each runtime, the largest movers in colour", draw=draw)

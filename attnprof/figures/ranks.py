"""Ranks in each runtime: a line per module, those that move most in colour and named."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from attnprof.choosing.latency_ranks import LATENCY
from attnprof.choosing.runtimes import Deployed, RuntimeBlock, across_runtimes
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

MOST_PANELS = 6
PANEL_HEIGHTS = (2.2, 6.4)  # inches: of few modules, of many
NAME_HEIGHT = 1.15 * SMALL  # points
NAME_GAP = 8  # points, between the last rank and a name
LETTER_WIDTH = 4.0  # points, of a letter of a name
TICK_STEPS, MOST_TICKS = (1, 5, 10, 20, 50), 7
MOST_NAMED = 40  # modules of a panel that are all named; of more, those that move most
SEVERAL = "attnprof run --runtime eager,onnxruntime"
GREY = "#777777"  # of a name without a colour


def draw(scene: Scene) -> tuple[Figure, list[str]]:
    """A panel for every size, the runtimes side by side, the first rank at the top."""
    blocks = _blocks(scene)
    figure, axes = canvas(scene.width, _height(max(len(block.modules) for block in blocks)), len(blocks))
    captioned(figure, scene.caption)
    for panel, block in zip(axes, blocks, strict=True):
        titled(panel, block.size, _modules(len(block.modules)))
        _plot(panel, block)
    labelled(axes, f"ρ: rank correlation with {blocks[0].runtimes[0]}", f"rank by {scene.y.title}")
    settle(figure)
    for panel, block in zip(axes, blocks, strict=True):
        _name(panel, block)
    return figure, [note for block in blocks for note in _notes(block)]


def _blocks(scene: Scene) -> list[RuntimeBlock]:
    """What the panels show. Raises UsageError where there is nothing, or too much."""
    if scene.y.column != LATENCY:
        raise UsageError(f"ranks are by latency: -y latency or -y train_latency, not {scene.y.name}")
    blocks = across_runtimes(scene.candidates, scene.points, scene.y.mode)
    if not blocks:
        raise UsageError(f"ranks are drawn across runtimes, and this run has one: {SEVERAL}")
    drawable = [block for block in blocks if block.modules]
    if not drawable:
        raise scene.nothing_of(scene.y)
    if len(drawable) > MOST_PANELS:
        raise UsageError(f"{len(drawable)} sizes, a panel each: choose up to {MOST_PANELS} with --at")
    return drawable


def _coloured(block: RuntimeBlock) -> list[Deployed]:
    """The modules in colour."""
    return block.largest_movers(len(SERIES))


def _named(block: RuntimeBlock) -> list[Deployed]:
    """The modules with a name: all of few, those in colour of many."""
    return block.movers if len(block.modules) <= MOST_NAMED else _coloured(block)


def _height(lines: int) -> float:
    """Inches of a panel with room for ``lines`` names."""
    least, most = PANEL_HEIGHTS
    return min(most, max(least, lines * NAME_HEIGHT / POINTS + FRAME))


def _plot(panel: Axes, block: RuntimeBlock) -> None:
    """The lines, those that move most in colour above the others."""
    places = range(len(block.runtimes))
    for module in block.modules:
        panel.plot(places, module.ranks, color=FAINT, linewidth=0.6, marker="o", markersize=1.6, zorder=1.5)
    for module, colour, mark in zip(_coloured(block), SERIES, MARKS, strict=False):
        panel.plot(places, module.ranks, color=colour, linewidth=1.3, marker=mark, markersize=3.5, zorder=3)
    panel.set_ylim(len(block.modules) + 0.7, 0.3)
    panel.set_yticks(_rank_ticks(len(block.modules)))
    panel.set_xticks(places, _headings(block))
    panel.tick_params(axis="x", length=0)
    for place in places:
        panel.axvline(place, color="#E4E4E4", linewidth=0.5, zorder=0)


def _rank_ticks(most: int) -> list[int]:
    """The first rank, and every fifth, tenth or twentieth."""
    step = next(step for step in TICK_STEPS if most / step <= MOST_TICKS or step == TICK_STEPS[-1])
    return [1, *range(max(step, 2), most + 1, step)]


def _headings(block: RuntimeBlock) -> list[str]:
    """The runtimes, each but the first with its correlation."""
    first, *others = block.runtimes
    return [first, *(_heading(name, block.correlation(n)) for n, name in enumerate(others, 1))]


def _modules(count: int) -> str:
    return f"{count} module{'' if count == 1 else 's'}"


def _heading(runtime: str, correlation: float | None) -> str:
    return runtime if correlation is None else f"{runtime}\nρ {correlation:.2f}"


def _name(panel: Axes, block: RuntimeBlock) -> None:
    """Write names behind the last runtime."""
    colours = dict(zip([module.name for module in _coloured(block)], SERIES, strict=False))
    named = _named(block)
    _make_room(panel, block, named)
    to_display, to_data = panel.transData, panel.transData.inverted()
    last = len(block.runtimes) - 1
    ends = [to_display.transform((last, module.ranks[-1])) for module in named]
    frame = panel.get_window_extent()
    places = spread([float(y) for _, y in ends], NAME_HEIGHT, frame.y0 + 3, frame.y1 - 3)
    for module, (x, y), place in zip(named, ends, places, strict=True):
        if place is None:
            continue
        tie = to_data.transform([(x + 2.5, y), (x + NAME_GAP - 1, place)])
        panel.plot(tie[:, 0], tie[:, 1], color=FAINT, linewidth=0.4, scalex=False, scaley=False, zorder=1.5)
        text_x, text_y = to_data.transform((x + NAME_GAP, place))
        weight, colour = ("bold" if module.name in colours else "normal"), colours.get(module.name, GREY)
        font: dict[str, Any] = {"fontsize": SMALL, "fontweight": weight, "color": colour}
        panel.text(text_x, text_y, module.name, va="center", **font)


def _make_room(panel: Axes, block: RuntimeBlock, named: Sequence[Deployed]) -> None:
    """Leave room for names at the right of a panel."""
    last = len(block.runtimes) - 1
    room = NAME_GAP + LETTER_WIDTH * max((len(module.name) for module in named), default=0)
    share = room / panel.get_window_extent().width
    panel.set_xlim(-0.15 * last, last * (1 + 0.15 * share) / (1 - share))


def _notes(block: RuntimeBlock) -> list[str]:
    """What the panel leaves out."""
    notes, named = [], _named(block)
    if len(named) < len(block.modules):
        movers = f"the {len(named)} that move most are named"
        notes.append(f"{block.size}: of {len(block.modules)} modules {movers}")
    if block.absent:
        notes.append(f"{block.size}: not in every runtime, so not ranked: {', '.join(block.absent)}")
    return notes


FIGURE = FigureKind(help="ranks in each runtime, the largest movers in colour", draw=draw)

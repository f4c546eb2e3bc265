"""Names beside their marks in a panel: placed so that none overlaps, tied by a line where they stand apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from attnprof.figures._placing import LEADER, Box, place
from attnprof.figures._style import FAINT, SMALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point = tuple[float, float]
MARK = 2.6  # half of a mark's width, in points


@dataclass(frozen=True)
class Named:
    """A mark: its name, place and colour. reach: the ends of its error bars, on the axes' scales."""

    name: str
    x: float
    y: float
    colour: str
    bold: bool = False
    reach: tuple[tuple[float, float], ...] = ()


def name_marks(axes: "Axes", marks: Sequence[Named], path: Sequence[tuple[float, float]] = ()) -> list[str]:
    """Write the names of ``marks``, the first ones first; returns those for which there is no room.

    path: corners of a line to be kept free. The figure must be settled, and a point one unit of its display.
    """
    from matplotlib.text import Text

    figure = axes.figure
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined] # the canvas is Agg's
    where = [tuple(axes.transData.transform((mark.x, mark.y))) for mark in marks]
    sizes = []
    for mark in marks:
        probe = Text(
            0, 0, mark.name, fontsize=SMALL, fontweight="bold" if mark.bold else "normal", figure=figure
        )
        extent = probe.get_window_extent(renderer)
        sizes.append((extent.width, extent.height))
    edges = axes.get_window_extent(renderer)
    corners = [tuple(axes.transData.transform(corner)) for corner in path]
    taken = [box for mark in marks for box in _boxes(axes, mark)] + [
        _span(a, b) for a, b in pairwise(corners)
    ]
    boxes = place(where, sizes, Box(edges.x0 + 1, edges.y0 + 1, edges.x1 - 1, edges.y1 - 1), taken)
    for mark, (x, y), box in zip(marks, where, boxes, strict=True):
        if box is None:
            continue
        middle = box.middle
        end = box.nearest(x, y)
        if (end[0] - x) ** 2 + (end[1] - y) ** 2 >= LEADER**2:
            line = axes.transData.inverted().transform([(x, y), end])
            axes.plot(
                line[:, 0], line[:, 1], color=FAINT, linewidth=0.5, zorder=1.5, scalex=False, scaley=False
            )
        x, y = axes.transData.inverted().transform(middle)
        weight = "bold" if mark.bold else "normal"
        axes.text(
            x,
            y,
            mark.name,
            ha="center",
            va="center",
            fontsize=SMALL,
            color=mark.colour,
            fontweight=weight,
            zorder=5,
        )
    return [mark.name for mark, box in zip(marks, boxes, strict=True) if box is None]


def _boxes(axes: "Axes", mark: Named) -> list[Box]:
    """What a mark covers: itself, and its error bars."""
    x, y = axes.transData.transform((mark.x, mark.y))
    made = [Box.around(x, y, MARK)]
    for end in mark.reach:
        end_x, end_y = axes.transData.transform(end)
        made.append(_span((x, y), (end_x, end_y)))
    return made


def _span(one: Point, other: Point) -> Box:
    return Box(min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1]))

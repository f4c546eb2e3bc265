"""Names beside their marks in a panel: none overlaps another, and a line ties a distant name to its mark."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.text import Text

from attnprof.figures._placing import LEADER, Box, place
from attnprof.figures._style import FAINT, SMALL

Point = tuple[float, float]
MARK = 2.6  # half of a mark's width, in points


@dataclass(frozen=True)
class Named:
    """A mark with a name."""

    name: str
    x: float
    y: float
    colour: str
    bold: bool = False
    reach: tuple[Point, ...] = ()  # the ends of its error bars, on the axes' scales

    @property
    def font(self) -> dict[str, Any]:
        """The font of its name."""
        return {"fontsize": SMALL, "fontweight": "bold" if self.bold else "normal"}


def name_marks(axes: Axes, marks: Sequence[Named], path: Sequence[Point] = ()) -> list[str]:
    """Write the names of ``marks``, the first ones first; returns those for which there is no room.

    path: corners of a line to be kept free. The figure must be settled, and a point one unit of its display.
    """
    renderer = axes.figure.canvas.get_renderer()  # type: ignore[attr-defined] # the canvas is Agg's
    edges = axes.get_window_extent(renderer)
    panel = Box(edges.x0 + 1, edges.y0 + 1, edges.x1 - 1, edges.y1 - 1)
    places: list[Point] = [tuple(axes.transData.transform((mark.x, mark.y))) for mark in marks]
    corners = [tuple(axes.transData.transform(corner)) for corner in path]
    taken = [box for mark in marks for box in _boxes(axes, mark)]
    taken += [_span(one, other) for one, other in pairwise(corners)]
    unnamed = []
    boxes = place(places, [_size(axes, mark, renderer) for mark in marks], panel, taken)
    for mark, mark_place, box in zip(marks, places, boxes, strict=True):
        if box is None:
            unnamed.append(mark.name)
        else:
            _write(axes, mark, mark_place, box)
    return unnamed


def _size(axes: Axes, mark: Named, renderer: Any) -> Point:
    """Width and height of a mark's name."""
    extent = Text(0, 0, mark.name, figure=axes.figure, **mark.font).get_window_extent(renderer)
    return extent.width, extent.height


def _write(axes: Axes, mark: Named, mark_place: Point, box: Box) -> None:
    """Write a mark's name into its box, with a line to the mark where it is distant.

    Places are in display units.
    """
    to_data = axes.transData.inverted()
    (x, y), (end_x, end_y) = mark_place, box.nearest(*mark_place)
    if (end_x - x) ** 2 + (end_y - y) ** 2 >= LEADER**2:
        line = to_data.transform([(x, y), (end_x, end_y)])
        xs, ys = line[:, 0], line[:, 1]
        axes.plot(xs, ys, color=FAINT, linewidth=0.5, zorder=1.5, scalex=False, scaley=False)
    text_x, text_y = to_data.transform(box.middle)
    axes.text(text_x, text_y, mark.name, ha="center", va="center", color=mark.colour, zorder=5, **mark.font)


def _boxes(axes: Axes, mark: Named) -> list[Box]:
    """The boxes that a mark covers: itself, and its error bars."""
    x, y = axes.transData.transform((mark.x, mark.y))
    ends = [axes.transData.transform(end) for end in mark.reach]
    return [Box.around(x, y, MARK), *(_span((x, y), (end_x, end_y)) for end_x, end_y in ends)]


def _span(one: Point, other: Point) -> Box:
    return Box(min(one[0], other[0]), min(one[1], other[1]), max(one[0], other[0]), max(one[1], other[1]))

"""Where names go so that none lies on another, on a mark or outside: boxes in the plane, no matplotlib."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, hypot, pi, sin

import numpy as np
from numpy.typing import NDArray

DISTANCES = (3.5, 6.0, 11.0, 18.0, 27.0, 38.0)  # from the mark to the name's box
DIRECTIONS = 16
LEADER = 8.0  # a name further away than this is tied to its mark by a line
MARGIN = 0.8  # between boxes
STEP = 3.0  # a line is kept clear at points this far apart


@dataclass(frozen=True)
class Box:
    """A rectangle by its edges."""

    x0: float
    y0: float
    x1: float
    y1: float

    @classmethod
    def around(cls, x: float, y: float, half: float) -> "Box":
        """The square of side 2 * half about a point."""
        return cls(x - half, y - half, x + half, y + half)

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def nearest(self, x: float, y: float) -> tuple[float, float]:
        """The point of the box nearest to (x, y)."""
        return min(max(x, self.x0), self.x1), min(max(y, self.y0), self.y1)


def place(
    marks: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    within: Box,
    taken: Sequence[Box] = (),
) -> list[Box | None]:
    """A box of each size near its mark, the first ones first; None where there is no room left.

    No box overlaps another one, one of ``taken``, or a line that ties a name to its mark; all lie ``within``.
    """
    blocked = np.array([[b.x0, b.y0, b.x1, b.y1] for b in taken], dtype=float).reshape(-1, 4)
    placed: list[Box | None] = []
    for (x, y), (width, height) in zip(marks, sizes, strict=True):
        boxes = (box for box in _around(x, y, width, height) if _free(box, x, y, within, blocked))
        box = next(boxes, None)
        placed.append(box)
        if box:
            line = _line(box, x, y)
            more = [[box.x0, box.y0, box.x1, box.y1], *([a, b, a, b] for a, b in line)]
            blocked = np.vstack([blocked, np.array(more)])
    return placed


def _around(x: float, y: float, width: float, height: float) -> list[Box]:
    boxes = []
    for distance in DISTANCES:
        for turn in range(DIRECTIONS):
            angle = 2 * pi * turn / DIRECTIONS
            centre_x = x + cos(angle) * (distance + width / 2)
            centre_y = y + sin(angle) * (distance + height / 2)
            boxes.append(
                Box(centre_x - width / 2, centre_y - height / 2, centre_x + width / 2, centre_y + height / 2)
            )
    return boxes


def _free(box: Box, x: float, y: float, within: Box, blocked: NDArray[np.float64]) -> bool:
    if box.x0 < within.x0 or box.x1 > within.x1 or box.y0 < within.y0 or box.y1 > within.y1:
        return False
    return not (_hits(box, blocked) or any(_hits(Box(a, b, a, b), blocked) for a, b in _line(box, x, y)))


def _hits(box: Box, blocked: NDArray[np.float64]) -> bool:
    apart = (
        (blocked[:, 0] >= box.x1 + MARGIN)
        | (blocked[:, 2] <= box.x0 - MARGIN)
        | (blocked[:, 1] >= box.y1 + MARGIN)
        | (blocked[:, 3] <= box.y0 - MARGIN)
    )
    return bool((~apart).any())


def _line(box: Box, x: float, y: float) -> list[tuple[float, float]]:
    """Points on the line from the mark to the box, outside the mark; none where the box is near."""
    end_x, end_y = box.nearest(x, y)
    length = hypot(end_x - x, end_y - y)
    if length < LEADER:
        return []
    shares = [n * STEP / length for n in range(2, int(length / STEP))]
    return [(x + share * (end_x - x), y + share * (end_y - y)) for share in shares]


def spread(centres: Sequence[float], height: float, low: float, high: float) -> list[float | None]:
    """Places along one axis, ``height`` apart at least, near ``centres`` and in their order.

    Where there is no room for all, None for those that are left out, evenly chosen.
    """
    room = int((high - low) / height + 1e-9) + 1
    order = sorted(range(len(centres)), key=lambda number: centres[number])
    if len(order) > room:
        order = [order[round(n * (len(order) - 1) / max(1, room - 1))] for n in range(room)]
    places: dict[int, float] = {}
    # Pushed up from below, then down from above: the order holds, and nothing is nearer than the height.
    place = low - height
    for number in order:
        place = max(centres[number], place + height)
        places[number] = place
    place = high + height
    for number in reversed(order):
        place = min(places[number], place - height)
        places[number] = place
    return [places.get(number) for number in range(len(centres))]

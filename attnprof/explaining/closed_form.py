"""Closed forms from data: the polynomial in C, H and W that a count is, and where it is one.

A count is asked at samples, a polynomial with rational coefficients is solved for exactly, and it is believed
only where it also says what the count says at sizes that it was not made from. Counts that round (C // 16),
switch (at least 8) or cut a map into windows are polynomials piece by piece: each piece says for which sizes
it holds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import exp, log
from random import Random

from attnprof.explaining.polynomial import Polynomial, interpolate
from attnprof.explaining.progression import DEGREE, Lattice, Stretch, longest
from attnprof.grid import LARGEST, Point

Count = Callable[[Point], int | None]  # None: the module does not take this size

LARGEST_SIDE = 512
CHANNEL_STEPS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
SIDE_STEPS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 56, 60, 64)
USUAL_CHANNELS = (16, 32, 64, 128, 256, 512, 1024, 2048)
USUAL_SIDES = (7, 14, 28, 56, 112, 224)
MOST_PIECES = 6
HOPELESS = 2  # so many sizes without a polynomial, and the others are not looked at
HELD = 24  # sizes drawn at random, on which a polynomial has to hold, besides the corners


@dataclass(frozen=True)
class Piece:
    """A polynomial, and the sizes for which it holds.

    sides: the lattice of H and that of W. square: it holds for H = W only, and is written in C and H.
    fitted, held: from how many sizes it was made, and on how many others it was found to hold.
    """

    polynomial: Polynomial
    channels: Lattice
    sides: tuple[Lattice, Lattice]
    square: bool
    fitted: int
    held: int

    def __contains__(self, point: Point) -> bool:
        channels, height, width = point
        inside = channels in self.channels and height in self.sides[0] and width in self.sides[1]
        return inside and (not self.square or height == width)

    @property
    def condition(self) -> str:
        """For which sizes, in words; '' for every size that the module takes."""
        says = [self.channels.condition("C")]
        first, second = self.sides
        if self.square:
            says += ["H = W", first.condition("H")]
        elif first == second:
            says.append(first.condition("H, W") if len(first) > 1 else f"H = W = {first.first}")
        else:
            says += [first.condition("H"), second.condition("W")]
        return "; ".join(filter(None, says))


@dataclass(frozen=True)
class ClosedForm:
    """The pieces that matter, that around the asked size first, and sizes that none of them covers.

    more: such a size where yet another polynomial holds, as for another remainder. without: where none was
    found.
    """

    pieces: tuple[Piece, ...]
    more: tuple[Point, ...]
    without: tuple[Point, ...]


def closed_form(count: Count, at: Point) -> ClosedForm:
    """The closed form of ``count`` around ``at``, and its pieces at the sizes that networks use.

    count: an exact count by (C, H, W); it is asked a few hundred times, up to 8192 channels and 512 x 512.
    """
    asked = cache(count)
    channels, height, width = at
    usual = [
        at,
        *((c, height, width) for c in USUAL_CHANNELS),
        *((channels, side, side) for side in USUAL_SIDES),
    ]
    beside = [(channels + 1, height, width), (channels, height + 1, width), (channels, height, width + 1)]
    pieces: list[Piece] = []
    more: list[Point] = []
    without: list[Point] = []
    for point in (*usual, *beside):
        if asked(point) is None or any(point in piece for piece in pieces):
            continue
        if len(without) == HOPELESS and not pieces:
            break
        piece = piece_at(asked, point)
        if piece is None:
            without.append(point)
        elif point in beside or len(pieces) == MOST_PIECES:
            more.append(point)
        else:
            pieces.append(piece)
    return ClosedForm(tuple(pieces), tuple(more), tuple(without))


def piece_at(count: Count, at: Point, held: int = HELD) -> Piece | None:
    """The piece around ``at``: the most sizes for which one polynomial was found to hold. None where there is none.

    held: on how many sizes drawn at random it has to hold, besides the corners of where it is said to.

    Tried in turn: channels, height and width each on their own stretch; the sides on that of square maps;
    square maps only; and, if all channels follow one rule, this size of map only.
    """
    for channels, sides, square in _regions(count, at):
        piece = _fitted(count, at, channels, sides, square, held)
        if piece is not None:
            return piece
    return None


def _regions(count: Count, at: Point) -> Iterator[tuple[Stretch, tuple[Stretch, Stretch], bool]]:
    c, h, w = at
    channels = longest(lambda n: count((n, h, w)), c, CHANNEL_STEPS, LARGEST)
    rows = longest(lambda n: count((c, n, w)), h, SIDE_STEPS, LARGEST_SIDE)
    columns = longest(lambda n: count((c, h, n)), w, SIDE_STEPS, LARGEST_SIDE)
    these = channels or Stretch(Lattice.only(c), 0)
    if rows and columns:
        yield these, (rows, columns), False
    if h == w and (both := longest(lambda n: count((c, n, n)), h, SIDE_STEPS, LARGEST_SIDE)):
        if rows and columns and max(rows.degree, columns.degree) <= both.degree:
            yield these, (Stretch(both.lattice, rows.degree), Stretch(both.lattice, columns.degree)), False
        yield these, (both, both), True
    if channels and not (channels.lattice.below or channels.lattice.above):
        yield channels, (Stretch(Lattice.only(h), 0), Stretch(Lattice.only(w), 0)), False


def _fitted(
    count: Count, at: Point, channels: Stretch, sides: tuple[Stretch, Stretch], square: bool, held: int
) -> Piece | None:
    """The polynomial of this region, if it holds on all of it that is looked at."""
    stretches = (channels, sides[0]) if square else (channels, *sides)
    names = ("C", "H", "W")[: len(stretches)]
    held_out = _held_out([s.lattice for s in stretches], held)
    degrees = [s.degree for s in stretches]
    # Along a line through one point terms may cancel: then the degrees are higher elsewhere.
    for wanted in (
        degrees,
        [DEGREE if d or len(s.lattice) > 1 else 0 for d, s in zip(degrees, stretches, strict=True)],
    ):
        nodes = [s.lattice.around(x, d + 1) for s, x, d in zip(stretches, at, wanted, strict=False)]
        values = {place: count(_point(place)) for place in product(*nodes)}
        known = {place: value for place, value in values.items() if value is not None}
        if len(known) < len(values):
            continue
        polynomial = interpolate(names, nodes, known)
        judged = [(place, count(_point(place))) for place in held_out if place not in known]
        judged = [(place, value) for place, value in judged if value is not None]
        if all(polynomial(*place) == value for place, value in judged):
            lattices = sides[0].lattice, sides[1].lattice
            return Piece(polynomial, channels.lattice, lattices, square, len(known), len(judged))
    return None


def _point(place: tuple[int, ...]) -> Point:
    """(C, H, W) of a place in (C, H, W), or in (C, H) where maps are square."""
    return place[0], place[1], place[-1]


def _held_out(lattices: list[Lattice], many: int) -> list[tuple[int, ...]]:
    """Places all over the region: its corners, and some at random, small ones as likely as large ones."""
    draw = Random(0)
    places = set(product(*({lattice.first, lattice.last} for lattice in lattices)))
    for n in range(many):
        places.add(
            tuple(
                x[draw.randrange(len(x)) if n % 2 else int(exp(draw.uniform(0, log(len(x))))) - 1]
                for x in lattices
            )
        )
    return sorted(places)

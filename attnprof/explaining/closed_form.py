"""Closed forms from data: the polynomial in C, H and W that a count is, and where it is one.

A count is evaluated at samples, and a polynomial with rational coefficients is solved for exactly. It is
accepted only where it also gives the count at sizes that it was not computed from. Counts that round (C //
16), switch (at least 8) or cut a map into windows are polynomials piece by piece: each piece states for which
sizes it holds.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from math import exp, log, prod
from random import Random

from attnprof.explaining.polynomial import Polynomial, interpolate
from attnprof.explaining.progression import DEGREE, Lattice, Stretch, longest
from attnprof.grid import LARGEST, Point

Count = Callable[[Point], int | None]  # None: the module does not take this size
Counts = dict[tuple[int, ...], int]  # by size: (C, H, W), or (C, H) where maps are square

LARGEST_SIDE = 512
CHANNEL_STEPS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
SIDE_STEPS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 56, 60, 64)
USUAL_CHANNELS = (16, 32, 64, 128, 256, 512, 1024, 2048)
USUAL_SIDES = (7, 14, 28, 56, 112, 224)
MOST_PIECES = 6
HOPELESS = 2  # after so many sizes without a polynomial, no other is tried
HELD = 24  # random sizes on which a polynomial has to hold, besides the corners


@dataclass(frozen=True)
class Piece:
    """A polynomial, and the sizes for which it holds."""

    polynomial: Polynomial
    channels: Lattice
    sides: tuple[Lattice, Lattice]  # of H and of W
    square: bool  # it holds for H = W only, and is written in C and H
    fitted: int  # sizes that it was computed from
    held: int  # further sizes on which it was checked

    def __contains__(self, point: Point) -> bool:
        channels, height, width = point
        inside = channels in self.channels and height in self.sides[0] and width in self.sides[1]
        return inside and (not self.square or height == width)

    @property
    def condition(self) -> str:
        """The sizes, in words; '' for every size that the module takes."""
        first, second = self.sides
        if self.square:
            sides = ["H = W", first.condition("H")]
        elif first == second:
            sides = [first.condition("H, W") if len(first) > 1 else f"H = W = {first.first}"]
        else:
            sides = [first.condition("H"), second.condition("W")]
        return "; ".join(filter(None, [self.channels.condition("C"), *sides]))


@dataclass(frozen=True)
class ClosedForm:
    """The closed form of a count."""

    pieces: tuple[Piece, ...]  # that of the size in question first
    more: tuple[Point, ...]  # sizes where yet another polynomial holds, as for another remainder
    without: tuple[Point, ...]  # sizes without a polynomial


@dataclass(frozen=True)
class _Solution:
    """A polynomial, and the counts that it was computed from, by size."""

    polynomial: Polynomial
    values: Counts

    def matches(self, counts: Counts) -> bool:
        """Whether the polynomial is the count at each of these sizes."""
        return all(self.polynomial(*size) == value for size, value in counts.items())


@dataclass(frozen=True)
class _Region:
    """Sizes on which a polynomial is tried."""

    channels: Stretch
    rows: Stretch
    columns: Stretch
    square: bool = False  # only maps with H = W

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """One per variable."""
        return (self.channels, self.rows) if self.square else (self.channels, self.rows, self.columns)

    def piece(self, solution: _Solution, held: int) -> Piece:
        """``solution`` on these sizes. held: sizes on which it was checked."""
        sides = self.rows.lattice, self.columns.lattice
        fitted = len(solution.values)
        return Piece(solution.polynomial, self.channels.lattice, sides, self.square, fitted, held)


def closed_form(count: Count, point: Point) -> ClosedForm:
    """The closed form of ``count`` around ``point``, and its pieces at the sizes that networks use.

    count: an exact count by (C, H, W); it is called a few hundred times, with up to 8192 channels and 512 x
    512.
    """
    cached = cache(count)
    neighbours = _neighbours(point)
    pieces: list[Piece] = []
    more: list[Point] = []
    without: list[Point] = []
    for size in (*_usual_sizes(point), *neighbours):
        if cached(size) is None or any(size in piece for piece in pieces):
            continue
        if len(without) == HOPELESS and not pieces:
            break
        piece = piece_at(cached, size)
        if piece is None:
            without.append(size)
        elif size in neighbours or len(pieces) == MOST_PIECES:
            more.append(size)
        else:
            pieces.append(piece)
    return ClosedForm(tuple(pieces), tuple(more), tuple(without))


def _usual_sizes(point: Point) -> list[Point]:
    """``point``, then the usual numbers of channels on its map, then its channels on the usual maps."""
    channels, height, width = point
    by_channels = [(c, height, width) for c in USUAL_CHANNELS]
    return [point, *by_channels, *((channels, side, side) for side in USUAL_SIDES)]


def _neighbours(point: Point) -> list[Point]:
    channels, height, width = point
    return [(channels + 1, height, width), (channels, height + 1, width), (channels, height, width + 1)]


def piece_at(count: Count, point: Point, held: int = HELD) -> Piece | None:
    """The piece around ``point``: the most sizes for which one polynomial holds. None without one.

    held: the number of random sizes on which it is checked, besides the corners of the region.

    Tried in turn: channels, height and width each on their own stretch; the sides on that of square maps;
    square maps only; and, if all channels follow one rule, this size of map only.
    """
    for region in _regions(count, point):
        piece = _fit(count, point, region, held)
        if piece is not None:
            return piece
    return None


def _regions(count: Count, point: Point) -> Iterator[_Region]:
    c, h, w = point
    along_channels = longest(lambda n: count((n, h, w)), c, CHANNEL_STEPS, LARGEST)
    channels = along_channels or Stretch.only(c)
    rows = longest(lambda n: count((c, n, w)), h, SIDE_STEPS, LARGEST_SIDE)
    columns = longest(lambda n: count((c, h, n)), w, SIDE_STEPS, LARGEST_SIDE)
    if rows and columns:
        yield _Region(channels, rows, columns)
    if h == w:
        yield from _square_regions(count, point, channels, rows, columns)
    if along_channels and along_channels.lattice.is_unbounded:
        yield _Region(channels, Stretch.only(h), Stretch.only(w))


def _square_regions(
    count: Count, point: Point, channels: Stretch, rows: Stretch | None, columns: Stretch | None
) -> Iterator[_Region]:
    """The regions whose sides are those of square maps: first for H and W each, where the degrees allow it,
    then for H = W only."""
    c, side, _ = point
    square = longest(lambda n: count((c, n, n)), side, SIDE_STEPS, LARGEST_SIDE)
    if square is None:
        return
    if rows and columns and max(rows.degree, columns.degree) <= square.degree:
        yield _Region(channels, replace(square, degree=rows.degree), replace(square, degree=columns.degree))
    yield _Region(channels, square, square, square=True)


def _fit(count: Count, point: Point, region: _Region, held: int) -> Piece | None:
    """The polynomial of this region, if it holds on every size of it that is checked."""
    checks = _check_sizes([stretch.lattice for stretch in region.stretches], held)
    for degrees in _degrees(region.stretches):
        solution = _solve(count, point, region.stretches, degrees)
        if solution is None:
            continue
        checked = _counts(count, (size for size in checks if size not in solution.values))
        if solution.matches(checked):
            return region.piece(solution, len(checked))
    return None


def _degrees(stretches: Sequence[Stretch]) -> Iterator[list[int]]:
    """The degrees to try: those along the stretches, then higher ones, because along a line through one point
    terms may cancel."""
    yield [stretch.degree for stretch in stretches]
    yield [DEGREE if stretch.degree or len(stretch.lattice) > 1 else 0 for stretch in stretches]


def _solve(
    count: Count, point: Point, stretches: Sequence[Stretch], degrees: Sequence[int]
) -> _Solution | None:
    """The polynomial of these degrees through the counts around ``point``; None where the module does not
    take all of the sizes that it needs."""
    nodes = [
        stretch.lattice.around(number, degree + 1)
        for stretch, number, degree in zip(stretches, point, degrees, strict=False)
    ]
    values = _counts(count, product(*nodes))
    if len(values) < prod(map(len, nodes)):
        return None
    return _Solution(interpolate(("C", "H", "W")[: len(stretches)], nodes, values), values)


def _counts(count: Count, sizes: Iterable[tuple[int, ...]]) -> Counts:
    """The count at each of the sizes that the module takes."""
    values = {size: count(_point(size)) for size in sizes}
    return {size: value for size, value in values.items() if value is not None}


def _point(size: tuple[int, ...]) -> Point:
    """(C, H, W) of a size in (C, H, W), or in (C, H) where maps are square."""
    return size[0], size[1], size[-1]


def _check_sizes(lattices: list[Lattice], number: int) -> list[tuple[int, ...]]:
    """Sizes all over the region: its corners, and some at random, small ones as likely as large ones."""
    random = Random(0)
    sizes = set(product(*({lattice.first, lattice.last} for lattice in lattices)))
    for n in range(number):
        draw = _uniform if n % 2 else _logarithmic
        sizes.add(tuple(lattice[draw(random, len(lattice))] for lattice in lattices))
    return sorted(sizes)


def _uniform(random: Random, length: int) -> int:
    return random.randrange(length)


def _logarithmic(random: Random, length: int) -> int:
    return int(exp(random.uniform(0, log(length)))) - 1

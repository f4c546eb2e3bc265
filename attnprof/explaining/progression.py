"""Evenly spaced whole numbers, and the longest stretch of them along which a count is a polynomial."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import comb

DEGREE = 3  # the highest degree in one variable that is tried
EXTRA = 3  # values beyond those that fix a polynomial, on which it is checked
SHORTEST = 1.5  # last over first, where a stretch ends on both sides

Value = Callable[[int], int | None]  # None: the module does not take this number


@dataclass(frozen=True)
class Lattice:
    """Evenly spaced numbers: first, first + step, ..., last."""

    first: int
    step: int
    last: int
    between: bool = False  # numbers in between are possible, and follow another rule
    below: bool = False  # so are numbers below the first; False where none is possible, or none was tried
    above: bool = False  # so are numbers above the last

    def __contains__(self, number: int) -> bool:
        return self.first <= number <= self.last and (number - self.first) % self.step == 0

    def __len__(self) -> int:
        return (self.last - self.first) // self.step + 1

    def __getitem__(self, index: int) -> int:
        return self.first + index * self.step

    @classmethod
    def only(cls, number: int) -> "Lattice":
        """One number, where no rule connects it with others."""
        return cls(number, 1, number, below=True, above=True)

    @property
    def is_unbounded(self) -> bool:
        """Whether it holds on both sides as far as numbers are possible, or were tried."""
        return not self.below and not self.above

    @property
    def is_short(self) -> bool:
        """Whether it ends on both sides, and too soon: a rounded curve is straight for a while."""
        return self.below and self.above and self.last < SHORTEST * self.first

    def around(self, number: int, count: int) -> list[int]:
        """``count`` neighbours, from ``number`` upwards where there is room; fewer on a short lattice."""
        start = max(0, min((number - self.first) // self.step, len(self) - count))
        return [self[n] for n in range(start, min(len(self), start + count))]

    def condition(self, name: str) -> str:
        """When ``name`` (or two: 'H, W') is on the lattice: 'C even, C >= 512'; '' for any number."""
        if self.first == self.last:
            return f"{name} = {self.first}"
        return ", ".join(filter(None, [self._divisibility(name), self._bounds(name)]))

    def _divisibility(self, name: str) -> str:
        if not self.between or self.step == 1:
            return ""
        rest = self.first % self.step
        if self.step == 2:
            return f"{name} {'odd' if rest else 'even'}"
        if rest:
            return f"{name} mod {self.step} = {rest}"
        return f"{name} {'multiples' if ',' in name else 'a multiple'} of {self.step}"

    def _bounds(self, name: str) -> str:
        if self.below and self.above:
            return f"{self.first} <= {name} <= {self.last}"
        if self.below:
            return f"{name} >= {self.first}"
        return f"{name} <= {self.last}" if self.above else ""


@dataclass(frozen=True)
class Stretch:
    """A lattice, and the degree of the polynomial that a count is along it."""

    lattice: Lattice
    degree: int

    @classmethod
    def only(cls, number: int) -> "Stretch":
        """One number, on which a count is a constant."""
        return cls(Lattice.only(number), 0)


def longest(value: Value, number: int, steps: Sequence[int], largest: int) -> Stretch | None:
    """The longest stretch through ``number``, with one of ``steps``, on which ``value`` is a polynomial.

    Numbers from 1 to ``largest`` are tried; None without a stretch. Of equally long ones the smallest step
    counts.
    """
    best: Stretch | None = None
    for i, step in enumerate(steps):
        stretch = _stretch(value, number, step, steps[:i], largest)
        if stretch is None:
            continue
        if best is None or _extent(stretch.lattice) > _extent(best.lattice):
            best = stretch
        if stretch.lattice.is_unbounded:
            break
    return best


def _stretch(value: Value, number: int, step: int, earlier: Sequence[int], largest: int) -> Stretch | None:
    """The stretch through ``number`` with one step; None without one, or where it is too short.

    earlier: the steps tried before, which show whether numbers in between are possible.
    """
    stretch = next(_stretches(value, number, step, largest), None)
    if stretch is None or stretch.lattice.is_short:
        return None
    between = any(value(number + other) is not None for other in earlier if other < step)
    return replace(stretch, lattice=replace(stretch.lattice, between=between))


def _extent(lattice: Lattice) -> int:
    return lattice.last - lattice.first


def _stretches(value: Value, number: int, step: int, largest: int) -> Iterator[Stretch]:
    """Stretches from windows that have ``number`` at their start, in their middle or at their end."""
    width = DEGREE + 1 + EXTRA
    for index in (0, width // 2, width - 1):
        start = number - index * step
        if start < 1 or start + (width - 1) * step > largest:
            continue
        values = [value(start + n * step) for n in range(width)]
        differences = _differences([v for v in values if v is not None])
        if None in values or len(differences) > DEGREE + 1:
            continue

        def holds(n: int, start: int = start, differences: list[int] = differences) -> bool:
            return value(start + n * step) == _predicted(differences, n)

        def holds_below(n: int, holds: Callable[[int], bool] = holds) -> bool:
            return holds(-n)

        first = start - step * _reach(holds_below, 0, (start - 1) // step)
        last = start + step * _reach(holds, width - 1, (largest - start) // step)
        below = _is_possible(value, first - step, largest)
        above = _is_possible(value, last + step, largest)
        yield Stretch(Lattice(first, step, last, below=below, above=above), len(differences) - 1)


def _is_possible(value: Value, number: int, largest: int) -> bool:
    return 1 <= number <= largest and value(number) is not None


def _differences(values: Sequence[int]) -> list[int]:
    """The leading forward differences, up to the last that is not 0: degree + 1 of them, of zeros one."""
    leading, row = [], list(values)
    while row:
        leading.append(row[0])
        row = [b - a for a, b in zip(row, row[1:], strict=False)]
    while len(leading) > 1 and leading[-1] == 0:
        leading.pop()
    return leading


def _predicted(differences: Sequence[int], n: int) -> int:
    """The polynomial of these differences at index n, which may be negative."""
    return sum(difference * _binomial(n, j) for j, difference in enumerate(differences))


def _binomial(n: int, j: int) -> int:
    """n over j, for negative n too."""
    return comb(n, j) if n >= 0 else (-1) ** j * comb(j - n - 1, j)


def _reach(holds: Callable[[int], bool], good: int, most: int) -> int:
    """The last index up to ``most`` before ``holds`` breaks: by doubling the stride, then by halving."""
    stride = 1
    while good < most:
        candidate = min(most, good + stride)
        if not holds(candidate):
            return _last_good(holds, good, candidate)
        good, stride = candidate, 2 * stride
    return good


def _last_good(holds: Callable[[int], bool], good: int, bad: int) -> int:
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if holds(middle) else (good, middle)
    return good

"""Evenly spaced whole numbers, and the longest stretch of them along which a count is a polynomial."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import comb

DEGREE = 3  # a count that grows faster in one variable is not looked for
EXTRA = 3  # values beyond those that fix a polynomial, which it has to meet before it is believed
SHORTEST = 1.5  # last over first, where other values follow on both sides: a smooth curve, rounded, is straight for a while

Value = Callable[[int], int | None]  # None: this number cannot be


@dataclass(frozen=True)
class Lattice:
    """first, first + step, ..., last. between: numbers that it passes over can be, but do not follow the same rule.

    below, above: so do those beyond its ends; where False, nothing beyond can be, or nothing beyond was
    tried.
    """

    first: int
    step: int
    last: int
    between: bool = False
    below: bool = False
    above: bool = False

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

    def around(self, number: int, many: int) -> list[int]:
        """``many`` neighbours on the lattice, from ``number`` upwards where there is room; fewer where it is short."""
        start = max(0, min((number - self.first) // self.step, len(self) - many))
        return [self[n] for n in range(start, min(len(self), start + many))]

    def condition(self, name: str) -> str:
        """What has to be said of ``name`` (or two: 'H, W') for it to be on the lattice: 'C even, C >= 512'; '' for any."""
        if self.first == self.last:
            return f"{name} = {self.first}"
        rest = self.first % self.step
        says = []
        if self.between and self.step > 1:
            multiple = "multiples" if "," in name else "a multiple"
            parity = "odd" if rest else "even"
            remainder = f"mod {self.step} = {rest}" if rest else f"{multiple} of {self.step}"
            says.append(f"{name} {parity if self.step == 2 else remainder}")
        if self.below and self.above:
            says.append(f"{self.first} <= {name} <= {self.last}")
        elif self.below:
            says.append(f"{name} >= {self.first}")
        elif self.above:
            says.append(f"{name} <= {self.last}")
        return ", ".join(says)


@dataclass(frozen=True)
class Stretch:
    """A lattice, and the degree of the polynomial that a count is along it."""

    lattice: Lattice
    degree: int


def longest(value: Value, at: int, steps: Sequence[int], largest: int) -> Stretch | None:
    """The longest stretch through ``at``, with one of ``steps``, on which ``value`` is a polynomial; None where none is.

    Numbers from 1 to ``largest`` are tried. Of stretches equally long the one with the smallest step is
    taken.
    """
    best: Stretch | None = None
    tried: list[int] = []
    for step in steps:
        found = next(_stretches(value, at, step, largest), None)
        if found is None:
            tried.append(step)
            continue
        (first, last), degree = found
        between = any(value(at + smaller) is not None for smaller in tried if smaller < step)
        lattice = Lattice(
            first,
            step,
            last,
            between,
            _can_be(value, first - step, largest),
            _can_be(value, last + step, largest),
        )
        tried.append(step)
        if lattice.below and lattice.above and last < SHORTEST * first:
            continue
        if best is None or last - first > best.lattice.last - best.lattice.first:
            best = Stretch(lattice, degree)
        if not (lattice.below or lattice.above):
            break
    return best


def _can_be(value: Value, number: int, largest: int) -> bool:
    return 1 <= number <= largest and value(number) is not None


def _stretches(value: Value, at: int, step: int, largest: int) -> Iterator[tuple[tuple[int, int], int]]:
    """(first, last) and degree, from windows that hold ``at`` at their beginning, middle or end."""
    many = DEGREE + 1 + EXTRA
    for back in (0, many // 2, many - 1):
        start = at - back * step
        if start < 1 or start + (many - 1) * step > largest:
            continue
        values = [value(start + n * step) for n in range(many)]
        known = [v for v in values if v is not None]
        differences = _differences(known)
        if len(known) < many or len(differences) > DEGREE + 1:
            continue

        def holds(n: int, start: int = start, differences: list[int] = differences) -> bool:
            return value(start + n * step) == _predicted(differences, n)

        last = _reach(holds, many - 1, (largest - start) // step)
        first = -_reach(lambda n, holds=holds: holds(-n), 0, (start - 1) // step)  # type: ignore[misc]
        yield (start + first * step, start + last * step), len(differences) - 1


def _differences(values: Sequence[int]) -> list[int]:
    """The leading forward differences, up to the last that is not 0: degree + 1 of them; of zeros one."""
    found, row = [], list(values)
    while row:
        found.append(row[0])
        row = [b - a for a, b in zip(row, row[1:], strict=False)]
    while len(found) > 1 and found[-1] == 0:
        found.pop()
    return found


def _predicted(differences: Sequence[int], n: int) -> int:
    """The polynomial of these differences at index n, which may be negative."""
    return sum(
        d * (comb(n, j) if n >= 0 else (-1) ** j * comb(j - n - 1, j)) for j, d in enumerate(differences)
    )


def _reach(holds: Callable[[int], bool], good: int, most: int) -> int:
    """The last index up to ``most`` before ``holds`` breaks: by doubling the stride, then by halving."""
    stride = 1
    while good < most:
        there = min(most, good + stride)
        if not holds(there):
            bad = there
            while bad - good > 1:
                middle = (good + bad) // 2
                good, bad = (middle, bad) if holds(middle) else (good, middle)
            return good
        good, stride = there, 2 * stride
    return good

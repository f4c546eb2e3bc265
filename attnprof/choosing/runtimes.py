"""The same modules in several runtimes: their latencies and ranks in each, size by size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import isfinite

from attnprof.choosing.candidates import Candidate, Row, label, varying_conditions
from attnprof.choosing.latency_ranks import LATENCY, latency_ranks, seconds
from attnprof.choosing.pareto import Span
from attnprof.stats import rank_correlation

RUNTIME = "execution"  # the condition that names the runtime
FIRST = "eager"  # the runtime that the others are held to, where it is there
CLEAR = 1.25  # by what factor two latencies differ that are called different in a runtime


@dataclass(frozen=True)
class Deployed:
    """A module in each runtime of a block, in their order."""

    name: str
    rows: tuple[Row, ...]
    ranks: tuple[int, ...]

    @property
    def move(self) -> int:
        """How far apart its best rank and its worst one are."""
        return max(self.ranks) - min(self.ranks)

    @property
    def latencies(self) -> list[Span]:
        """Seconds in each runtime."""
        return [seconds(row) for row in self.rows]


@dataclass(frozen=True)
class RuntimeBlock:
    """One size under the same conditions, in several runtimes."""

    size: str  # '64@56', with the conditions that vary
    runtimes: tuple[str, ...]
    modules: tuple[Deployed, ...]  # those with a latency in every runtime, ranked among themselves
    absent: tuple[str, ...]  # the others

    @cached_property
    def movers(self) -> list[Deployed]:
        """The modules, those first whose rank changes most."""
        return sorted(self.modules, key=lambda module: (-module.move, module.ranks))

    def largest_movers(self, most: int) -> list[Deployed]:
        """The modules to point out: of those that move most a third of all, and no more than ``most``."""
        third = -(-len(self.modules) // 3)
        return [module for module in self.movers[: min(most, third)] if module.move]

    def correlation(self, number: int) -> float | None:
        """Spearman's coefficient of the latencies in the first runtime and in that of this number; None where
        those of one do not vary."""
        columns = [[module.rows[n][LATENCY] for module in self.modules] for n in (0, number)]
        coefficient = rank_correlation(*columns)
        return coefficient if isfinite(coefficient) else None

    def reversals(self, number: int) -> tuple[int, int]:
        """Pairs of modules that differ by more than CLEAR in the first runtime and in that of this number:
        those of which the faster is not the same, and all."""
        pairs = [_orders(one, other, number) for one, other in combinations(self.modules, 2)]
        clear = [orders for orders in pairs if all(orders)]
        return sum(first != second for first, second in clear), len(clear)


def _orders(one: Deployed, other: Deployed, number: int) -> tuple[int, int]:
    """In the first runtime and in that of this number: 1 where ``one`` is clearly slower, -1 where ``other``
    is, 0 where neither is."""
    return _order(one.rows[0], other.rows[0]), _order(one.rows[number], other.rows[number])


def _order(one: Row, other: Row) -> int:
    ratio: float = one[LATENCY] / other[LATENCY]
    return (ratio > CLEAR) - (ratio < 1 / CLEAR)


def across_runtimes(
    candidates: Sequence[Candidate], points: Sequence[str], mode: str = "eval"
) -> list[RuntimeBlock]:
    """A block for each size of ``points`` that has several runtimes; the others are held to the first."""
    rivals = [candidate for candidate in candidates if not candidate.floor]
    return [
        _block(size, of_runtimes, rivals, mode) for size, of_runtimes in _sizes(candidates, points).items()
    ]


def _sizes(candidates: Sequence[Candidate], points: Sequence[str]) -> dict[str, dict[str, str]]:
    """Size -> runtime -> its point, of the sizes with several runtimes."""
    rows = {point: _row_at(candidates, point) for point in points}
    vary = [name for name in varying_conditions(list(rows.values())) if name != RUNTIME]
    sizes: dict[str, dict[str, str]] = {}
    for point, row in sorted(rows.items(), key=lambda pair: pair[1][RUNTIME] != FIRST):
        sizes.setdefault(label(row, vary), {})[row[RUNTIME]] = point
    return {size: of_runtimes for size, of_runtimes in sizes.items() if len(of_runtimes) > 1}


def _row_at(candidates: Sequence[Candidate], point: str) -> Row:
    """A row of the point: all of them are of one size, under the same conditions."""
    cells = (cell for candidate in candidates for cell in candidate.cells.items())
    return next(row for (place, _), (row, _) in cells if place == point)


def _block(size: str, points: Mapping[str, str], rivals: Sequence[Candidate], mode: str) -> RuntimeBlock:
    """What of ``rivals`` is to be compared between the ``points`` of the runtimes."""
    rows_of = {candidate.name: _rows(candidate, points, mode) for candidate in rivals}
    complete = {name: rows for name, rows in rows_of.items() if len(rows) == len(points)}
    ranks = [latency_ranks([rows[n] for rows in complete.values()]) for n in range(len(points))]
    modules = [
        Deployed(name, rows, tuple(of_runtime[number].rank for of_runtime in ranks))
        for number, (name, rows) in enumerate(complete.items())
    ]
    absent = [name for name, rows in rows_of.items() if 0 < len(rows) < len(points)]
    return RuntimeBlock(size, tuple(points), tuple(modules), tuple(absent))


def _rows(candidate: Candidate, points: Mapping[str, str], mode: str) -> tuple[Row, ...]:
    """The candidate's rows with a latency, in the order of the runtimes."""
    rows = [candidate.cells.get((point, mode), ({}, {}))[0] for point in points.values()]
    return tuple(row for row in rows if row.get(LATENCY) is not None)

"""Equal time for every cell: how many more visits each one gets of what is left of a budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, inf

HALVINGS = 60  # of the search for the level: far beyond a float's digits


@dataclass(frozen=True)
class Spending:
    """What a cell has used so far."""

    used: float  # seconds, warm-up included
    visits: int
    cost: float  # seconds of its next visit


def visits_due(
    spendings: Sequence[Spending], remaining: float, fewest: int, most: int, least: float = 0.0
) -> list[int]:
    """How many more visits each cell gets of ``remaining`` seconds, none beyond ``most`` in all.

    A cell first gets what lifts it to ``fewest`` visits, and to ``least`` seconds, whatever that takes. The
    rest fills up the cells that have used least, as water fills a vessel: in the end all have used equal
    time, except those whose fewest visits cost more.
    """
    needed = [max(0, fewest - each.visits) for each in spendings]
    level = max(least, _level(spendings, needed, remaining))
    due = [max(n, _visits(each, level)) for n, each in zip(needed, spendings, strict=True)]
    return [min(n, most - each.visits) for n, each in zip(due, spendings, strict=True)]


def _visits(spending: Spending, level: float) -> int:
    if level == inf:
        return 2**31
    return max(0, floor((level - spending.used) / spending.cost + 1e-9))


def _level(spendings: Sequence[Spending], needed: Sequence[int], remaining: float) -> float:
    """The time up to which every cell may be filled: then ``remaining`` seconds are spent."""
    if remaining == inf or not spendings:
        return inf
    least = [n * each.cost for n, each in zip(needed, spendings, strict=True)]

    def spent(level: float) -> float:
        return sum(max(need, level - each.used) for need, each in zip(least, spendings, strict=True))

    low, high = 0.0, max(each.used for each in spendings) + max(0.0, remaining)
    for _ in range(HALVINGS):
        level = (low + high) / 2
        low, high = (low, level) if spent(level) > remaining else (level, high)
    return low

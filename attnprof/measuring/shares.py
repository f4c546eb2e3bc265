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
    needed: int = 0  # visits that it is still to have, whatever they take


def visits_due(spendings: Sequence[Spending], remaining: float, most: int) -> list[int]:
    """How many more visits each cell gets of ``remaining`` seconds, none beyond ``most`` in all.

    While a cell needs visits, those that do get them, and no other any. Then the rest fills up the cells that
    have used least, as water fills a vessel: in the end all have used equal time, except those whose needed
    visits cost more.
    """
    needed = [min(each.needed, most - each.visits) for each in spendings]
    if any(needed):
        return needed
    level = _level(spendings, remaining)
    return [min(_visits(each, level), most - each.visits) for each in spendings]


def _visits(spending: Spending, level: float) -> int:
    if level == inf:
        return 2**31
    return max(0, floor((level - spending.used) / spending.cost + 1e-9))


def _level(spendings: Sequence[Spending], remaining: float) -> float:
    """The time up to which every cell may be filled: then ``remaining`` seconds are spent."""
    if remaining == inf or not spendings:
        return inf

    def spent(level: float) -> float:
        return sum(max(0.0, level - each.used) for each in spendings)

    low, high = 0.0, max(each.used for each in spendings) + max(0.0, remaining)
    for _ in range(HALVINGS):
        level = (low + high) / 2
        low, high = (low, level) if spent(level) > remaining else (level, high)
    return low

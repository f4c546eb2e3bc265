"""Equal time for every cell: how many more visits each one gets of what is left of a budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, inf

HALVINGS = 60  # of the search for the level: far beyond a float's digits


@dataclass(frozen=True)
class Account:
    """What a cell has had so far. used: seconds, warm-up included. visits: how many. cost: seconds of its next one."""

    used: float
    visits: int
    cost: float


def visits_due(
    accounts: Sequence[Account], left: float, fewest: int, most: int, least: float = 0.0
) -> list[int]:
    """How many more visits each cell gets of ``left`` seconds, none beyond ``most`` in all.

    A cell gets what lifts it to ``fewest`` visits, and to ``least`` seconds, whatever that takes. What is left after that fills up the cells that
    have used least, as water fills a vessel, so that in the end all have used equal time but those that cost more than it.
    """
    needed = [max(0, fewest - each.visits) for each in accounts]
    level = max(least, _level(accounts, needed, left))
    due = [max(n, _visits(each, level)) for n, each in zip(needed, accounts, strict=True)]
    return [min(n, most - each.visits) for n, each in zip(due, accounts, strict=True)]


def _visits(account: Account, level: float) -> int:
    if level == inf:
        return 2**31
    return max(0, floor((level - account.used) / account.cost + 1e-9))


def _level(accounts: Sequence[Account], needed: Sequence[int], left: float) -> float:
    """The time up to which every cell may be filled: then ``left`` seconds are spent."""
    if left == inf or not accounts:
        return inf
    least = [n * each.cost for n, each in zip(needed, accounts, strict=True)]

    def spent(level: float) -> float:
        return sum(max(need, level - each.used) for need, each in zip(least, accounts, strict=True))

    low, high = 0.0, max(each.used for each in accounts) + max(0.0, left)
    for _ in range(HALVINGS):
        level = (low + high) / 2
        low, high = (low, level) if spent(level) > left else (level, high)
    return low

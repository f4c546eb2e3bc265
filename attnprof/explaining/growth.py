"""How the cost of some operators grows with C, H and W: the leading terms of the polynomial that it is, or nothing."""

from collections.abc import Callable, Sequence
from functools import cache

from attnprof.counting import Account
from attnprof.explaining.closed_form import piece_at
from attnprof.explaining.sizes import counted
from attnprof.grid import Point
from attnprof.records.case import Case

HELD = 6  # sizes at random on which an operator's polynomial has to hold: there are many operators
Grows = Callable[[Sequence[int]], str]


def growth(case: Case) -> Grows:
    """What the operators at some places in the order of issue grow with, together: 'C (H W)^2', 'constant', or ''.

    It is their FLOPs that are looked at, their bytes where they have none. '' where no polynomial was found
    that holds for other channels and other maps, or where other operators are issued at other sizes.
    """
    at = (case.channels, case.height, case.width)
    accounts = counted(case)
    base = accounts(at)
    names = _names(base) if base else []

    @cache
    def costs(point: Point) -> tuple[list[int], list[int]] | None:
        account = accounts(point)
        if account is None or _names(account) != names:
            return None
        return [each.total_flops for each in account.operators], [each.bytes for each in account.operators]

    def grows(places: Sequence[int]) -> str:
        here = costs(at)
        if here is None:
            return ""
        computes = any(here[0][n] for n in places)

        def count(point: Point) -> int | None:
            there = costs(point)
            if there is None:
                return None
            each = there[0] if computes else there[1]
            return sum(each[n] for n in places)

        piece = piece_at(count, at, HELD)
        if piece is None or len(piece.channels) == 1 or len(piece.sides[0]) == 1:
            return ""
        text = str(piece.polynomial.growth())
        return {"1": "constant", "0": ""}.get(text, text)

    return grows


def _names(account: Account) -> list[tuple[str, str]]:
    return [(each.name, each.module) for each in account.operators]

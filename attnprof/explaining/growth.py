"""How the cost of operators grows with C, H and W: the leading terms of its polynomial, where it is one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from attnprof.counting import Account
from attnprof.explaining.closed_form import piece_at
from attnprof.explaining.sizes import counted
from attnprof.grid import Point
from attnprof.records.case import Case

HELD = 6  # random sizes on which a polynomial is checked: few, because there are many operators
Growth = Callable[
    [Sequence[int]], str
]  # places of operators in the order of calls -> 'C (H W)^2', 'constant' or ''


@dataclass(frozen=True)
class _Costs:
    """The cost of every operator at one size, in the order of calls."""

    flops: list[int]
    bytes: list[int]


def growth(case: Case) -> Growth:
    """How the operators at some places in the order of calls grow together.

    Their FLOPs decide, or their bytes where they have none. '' where no polynomial holds for other channels
    and other maps, or where other sizes call other operators.
    """
    case_point = (case.channels, case.height, case.width)
    accounts = counted(case)
    base = accounts(case_point)
    names = _names(base) if base else []

    @cache
    def costs(point: Point) -> _Costs | None:
        account = accounts(point)
        if account is None or _names(account) != names:
            return None
        operators = account.operators
        return _Costs([op.total_flops for op in operators], [op.bytes for op in operators])

    def growth_of(places: Sequence[int]) -> str:
        own = costs(case_point)
        if own is None:
            return ""
        computes = any(own.flops[n] for n in places)

        def count(point: Point) -> int | None:
            cost = costs(point)
            if cost is None:
                return None
            values = cost.flops if computes else cost.bytes
            return sum(values[n] for n in places)

        piece = piece_at(count, case_point, HELD)
        if piece is None or len(piece.channels) == 1 or len(piece.sides[0]) == 1:
            return ""
        text = str(piece.polynomial.growth())
        return {"1": "constant", "0": ""}.get(text, text)

    return growth_of


def _names(account: Account) -> list[tuple[str, str]]:
    return [(operator.name, operator.module) for operator in account.operators]

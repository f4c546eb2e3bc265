"""The closed forms of a case's params, MACs and FLOPs."""

from collections.abc import Callable

from attnprof.counting import Account
from attnprof.explaining.closed_form import ClosedForm, Piece, closed_form, piece_at
from attnprof.explaining.explanation import Form, FormPiece
from attnprof.explaining.sizes import counted
from attnprof.grid import Point, show_res
from attnprof.records.case import Case

QUANTITIES: dict[str, Callable[[Account], int]] = {
    "params": lambda account: account.params,
    "MACs": lambda account: account.macs,
    "FLOPs": lambda account: account.flops,
}


def forms(case: Case, around: bool = False) -> list[Form]:
    """The closed form of each quantity. around: only the piece around the case's own size."""
    accounts = counted(case)
    point = (case.channels, case.height, case.width)
    return [_form(name, accounts, point, around) for name in QUANTITIES]


def _form(name: str, accounts: Callable[[Point], Account | None], case_point: Point, around: bool) -> Form:
    def count(point: Point) -> int | None:
        account = accounts(point)
        return None if account is None else QUANTITIES[name](account)

    if around:
        piece = piece_at(count, case_point)
        form = ClosedForm((piece,), (), ()) if piece else ClosedForm((), (), (case_point,))
    else:
        form = closed_form(count, case_point)
    pieces = tuple(_as_text(piece) for piece in form.pieces)
    return Form(name, pieces, tuple(map(_size, form.more)), tuple(map(_size, form.without)))


def _as_text(piece: Piece) -> FormPiece:
    return FormPiece(str(piece.polynomial), piece.condition, piece.fitted, piece.held)


def _size(point: Point) -> str:
    return f"{point[0]}@{show_res(point[1:])}"

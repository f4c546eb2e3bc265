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
    at = (case.channels, case.height, case.width)
    found = []
    for name, value in QUANTITIES.items():

        def count(point: Point, value: Callable[[Account], int] = value) -> int | None:
            account = accounts(point)
            return None if account is None else value(account)

        if around:
            piece = piece_at(count, at)
            form = ClosedForm((piece,), (), ()) if piece else ClosedForm((), (), (at,))
        else:
            form = closed_form(count, at)
        pieces = tuple(_shown(piece) for piece in form.pieces)
        found.append(Form(name, pieces, tuple(map(_size, form.more)), tuple(map(_size, form.without))))
    return found


def _shown(piece: Piece) -> FormPiece:
    return FormPiece(str(piece.polynomial), piece.condition, piece.fitted, piece.held)


def _size(point: Point) -> str:
    return f"{point[0]}@{show_res(point[1:])}"

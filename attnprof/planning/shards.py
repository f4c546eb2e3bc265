"""A part of a plan: even in number, and nearly in work."""

from contextlib import suppress
from dataclasses import dataclass

from attnprof.catalogue import entry
from attnprof.records.case import Case


@dataclass(frozen=True)
class Cell:
    """A case, and why it cannot run where it cannot."""

    case: Case
    refusal: str | None = None


def shard(cells: tuple[Cell, ...], part: str | None) -> tuple[Cell, ...]:
    """The part of ``cells`` that ``part``, 'i/n', has, in their order: even in number, and nearly in work.

    All cells are dealt to n hands by falling work, to and fro; the spec alone decides, so that any machine deals alike.
    """
    if part is None:
        return cells
    index, hands = map(int, part.split("/"))
    dealt = sorted(range(len(cells)), key=lambda n: -_work(cells[n]))
    return tuple(
        cells[n] for n in sorted(n for turn, n in enumerate(dealt) if _hand(turn, hands) == index - 1)
    )


def _hand(number: int, hands: int) -> int:
    turn, place = divmod(number, hands)
    return place if turn % 2 == 0 else hands - 1 - place


def _work(cell: Cell) -> int:
    """A guess at the work of one call, from the closed form of its MACs; 0 where it cannot run."""
    case, known, macs = cell.case, entry(cell.case.module), 0
    if cell.refusal:
        return 0
    with suppress(
        ArithmeticError, ValueError, NameError, TypeError
    ):  # a plug-in's form may not hold: it is but a guess
        macs = (
            known.macs(case.channels, case.height, case.width, dict(case.hyperparameters))
            if known.macs_formula
            else 0
        )
    return case.batch * (macs + 100 * case.channels * case.height * case.width)

"""A part of a plan: even in number, and nearly in work."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from attnprof.catalogue.entry import Entry
from attnprof.records.case import Case

WORK_PER_ELEMENT = 100  # a guess at the work of moving one element, in MACs


@dataclass(frozen=True)
class PlannedCell:
    """A case of a plan."""

    case: Case
    entry: Entry | None = field(
        compare=False, repr=False
    )  # of the case's module; None: it cannot be imported
    refusal: str | None = None  # why the case cannot run
    is_failed: bool = False  # whether that is a failure, and no rule of the module


def shard(cells: tuple[PlannedCell, ...], part: str | None) -> tuple[PlannedCell, ...]:
    """The part 'i/n' of ``cells``, in their order: even in number, and nearly in work.

    All cells are dealt to n hands by falling work, each to the hand that has least so far and may have more
    cells. The spec alone decides, so that any machine deals alike.
    """
    if part is None:
        return cells
    index, hands = map(int, part.split("/"))
    works = [expected_work(cell) for cell in cells]
    falling = sorted(range(len(cells)), key=lambda number: -works[number])
    dealt = _dealt([works[number] for number in falling], hands)
    own = [number for number, hand in zip(falling, dealt, strict=True) if hand == index - 1]
    return tuple(cells[number] for number in sorted(own))


def share(cells: int, part: str | None) -> int:
    """How many of ``cells`` are in the part 'i/n'."""
    if part is None:
        return cells
    index, hands = map(int, part.split("/"))
    return _shares(cells, hands)[index - 1]


def _shares(cells: int, hands: int) -> list[int]:
    """How many of ``cells`` each hand gets."""
    each, rest = divmod(cells, hands)
    return [each + (hand < rest) for hand in range(hands)]


def _dealt(works: Sequence[int], hands: int) -> list[int]:
    """The hand of each of the ``works``, which fall."""
    room, totals = _shares(len(works), hands), [0] * hands
    dealt = []
    for work in works:
        hand = min((hand for hand in range(hands) if room[hand]), key=totals.__getitem__)
        room[hand] -= 1
        totals[hand] += work
        dealt.append(hand)
    return dealt


def expected_work(cell: PlannedCell) -> int:
    """A guess at the work of one call, from the closed form of its MACs; 0 where it cannot run."""
    if cell.refusal:
        return 0
    case = cell.case
    elements = case.channels * case.height * case.width
    return case.batch * (_macs(cell) + WORK_PER_ELEMENT * elements)


def _macs(cell: PlannedCell) -> int:
    """MACs of one image by the closed form, or 0 where that does not hold: a plug-in's may be wrong."""
    case = cell.case
    if cell.entry is None or not cell.entry.macs_formula:
        return 0
    with suppress(ArithmeticError, ValueError, NameError, TypeError):
        return cell.entry.macs(case.channels, case.height, case.width, case.hyperparameters)
    return 0

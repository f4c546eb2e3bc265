"""A part of a plan: whole blocks, nearly even in work."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from attnprof.catalogue.entry import Entry
from attnprof.errors import UsageError
from attnprof.records.case import Case, conditions

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
    """The part 'i/n' of ``cells``, in their order: whole blocks, nearly even in work.

    A block is all cells of one size under one set of conditions, in all runtimes. Only what one machine
    measured can be compared, so that none is divided. They are dealt to n hands by falling work, each to the
    hand that has least so far. The spec alone decides, so that any machine deals alike.

    Raises UsageError where there are fewer blocks than hands.
    """
    if part is None:
        return cells
    index, hands = map(int, part.split("/"))
    blocks = whole_blocks(cells)
    if len(blocks) < hands:
        raise UsageError(_too_many_hands(part, len(blocks)))
    works = {block: sum(map(expected_work, members)) for block, members in blocks.items()}
    falling = sorted(blocks, key=works.__getitem__, reverse=True)
    dealt = _dealt([works[block] for block in falling], hands)
    own = {block for block, hand in zip(falling, dealt, strict=True) if hand == index - 1}
    return tuple(cell for cell in cells if block_of(cell.case) in own)


def whole_blocks(cells: Sequence[PlannedCell]) -> dict[Case, list[PlannedCell]]:
    """The cells by what they are measured under: those of one block are compared, on one device."""
    blocks: dict[Case, list[PlannedCell]] = {}
    for cell in cells:
        blocks.setdefault(block_of(cell.case), []).append(cell)
    return blocks


def block_of(case: Case) -> Case:
    """What the cases of a block have in common: size and conditions, in whatever runtime."""
    return replace(conditions(case), execution="")


def _too_many_hands(part: str, blocks: int) -> str:
    reason = "cells of one size are compared, so that one machine measures them all"
    if blocks == 1:
        return f"--shard {part}: this plan has one size under one set of conditions; {reason}"
    return (
        f"--shard {part}: this plan has {blocks} sizes and sets of conditions to deal; {reason}: at most"
        f" --shard 1/{blocks} to {blocks}/{blocks}"
    )


def _dealt(works: Sequence[int], hands: int) -> list[int]:
    """The hand of each of the ``works``, which fall. Each hand has at least one."""
    totals = [(0, 0)] * hands  # work, and how many
    dealt = []
    for work in works:
        hand = min(range(hands), key=totals.__getitem__)
        total, number = totals[hand]
        totals[hand] = total + work, number + 1
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

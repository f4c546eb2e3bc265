"""Which cases are measured together, and in what order."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby

from attnprof.planning.shards import WORK_PER_ELEMENT
from attnprof.records.case import Case, conditions
from attnprof.records.record import AccountEvent, Footprint
from attnprof.units import show_bytes

BLOCK_SHARE = 0.25  # of the device's memory, for what the cases of a block keep between their visits
ALONE_SHARE = 0.125  # of the device's memory: a call that takes more has a block of its own


def too_large(footprint: Footprint, memory: int | None) -> str:
    """Why a case does not fit in ``memory`` bytes; empty where it may."""
    needed = footprint.peak + footprint.weights
    if memory is None or needed <= memory:
        return ""
    tensor = f"; the largest tensor, {footprint.largest}" if footprint.largest else ""
    return f"needs {show_bytes(needed)} at its peak by our count, and may take {show_bytes(memory)}{tensor}"


def work(account: AccountEvent) -> float:
    """A guess at the work of one call, in MACs: good enough to put cases in order."""
    batch, channels, height, width = account.case.shape
    return account.footprint.macs + WORK_PER_ELEMENT * batch * channels * height * width


def blocks(
    accounts: Iterable[AccountEvent], memory: int | None, cost: Callable[[AccountEvent], float] = work
) -> list[tuple[Case, ...]]:
    """The cases in blocks: those of one size under one set of conditions, as many as memory holds at once.

    Blocks come with the cheapest first, and so do the cases in each: where the time ends early, it is the
    expensive ones that stay unmeasured. memory: bytes of the device, None where unknown.
    """
    ordered = sorted(accounts, key=cost)
    most: dict[Case, float] = {}
    for account in ordered:
        most[conditions(account.case)] = cost(account)
    grouped = sorted(
        ordered, key=lambda account: (most[conditions(account.case)], str(conditions(account.case)))
    )
    return [
        tuple(account.case for account in block)
        for _, group in groupby(grouped, key=lambda account: conditions(account.case))
        for block in _fitting(list(group), memory)
    ]


def _fitting(group: Sequence[AccountEvent], memory: int | None) -> list[list[AccountEvent]]:
    """The cases of ``group`` in blocks that memory holds."""
    if memory is None:
        return [list(group)]
    large = [account for account in group if account.footprint.peak > ALONE_SHARE * memory]
    shared: list[list[AccountEvent]] = []
    held = 0.0
    for account in group:
        if account.footprint.peak > ALONE_SHARE * memory:
            continue
        gradients = 2 if account.case.mode == "train" else 1
        size = account.footprint.weights * gradients
        if not shared or held + size > BLOCK_SHARE * memory:
            shared.append([])
            held = 0.0
        shared[-1].append(account)
        held += size
    return shared + [[account] for account in large]

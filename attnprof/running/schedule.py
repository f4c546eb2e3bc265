"""Which cases are measured together, and how much time they get."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from math import inf
from time import monotonic

from attnprof.measuring.rounds import Effort
from attnprof.planning import Plan
from attnprof.planning.shards import WORK_PER_ELEMENT
from attnprof.records.case import Case
from attnprof.records.record import AccountEvent, Footprint
from attnprof.units import show_bytes

BLOCK_SHARE = 0.25  # of the device's memory, for what the cases of a block keep between their visits
ALONE_SHARE = 0.125  # of the device's memory: a call that takes more has a block of its own
OVERRUN = 1.15  # of the time budget: what finishing a last process may make of it
FEWEST_VISITS = 3  # in a single process: six samples, below which there is no interval
PATIENCE = 0.8  # of the timeout: after that a case is left with the samples that it has


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


def blocks(accounts: Iterable[AccountEvent], memory: int | None) -> list[tuple[Case, ...]]:
    """The cases in blocks: those of one size under one set of conditions, as many as memory holds at once.

    Blocks come with the most work first, and so do the cases in each. Expensive cases need their fewest
    visits whatever their share of the budget; those after them make do with what is left. memory: bytes of
    the device, None where unknown.
    """
    ordered = sorted(accounts, key=work, reverse=True)
    first_place: dict[Case, int] = {}
    for place, account in enumerate(ordered):
        first_place.setdefault(_conditions(account.case), place)
    grouped = sorted(ordered, key=lambda account: first_place[_conditions(account.case)])
    return [
        tuple(account.case for account in block)
        for _, group in groupby(grouped, key=lambda account: _conditions(account.case))
        for block in _fitting(list(group), memory)
    ]


def _conditions(case: Case) -> Case:
    """The case without what differs between cases that are compared under equal conditions."""
    return replace(case, module="", hyperparameters={}, variant="", source="", place="")


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
    return [[account] for account in large] + shared


def effort_for(plan: Plan, process: int, seconds: float) -> Effort:
    """How much process number ``process`` spends on a block that has ``seconds``."""
    return Effort(
        seconds=seconds,
        precision=plan.precision,
        fewest=FEWEST_VISITS if plan.processes == 1 else 1,
        each=inf if plan.timeout is None else PATIENCE * plan.timeout,
        seed=plan.seed + process,
    )


class Processes:
    """The numbers of the processes, as long as the next one fits into the time budget.

    Each process gets an equal part of what is left when it begins. One that overran its part had only fewest
    visits to make, and so will the next: it is begun only if that much is left.
    """

    def __init__(
        self, processes: int, budget: float | None, started: float, clock: Callable[[], float] = monotonic
    ) -> None:
        self._processes = processes
        self._budget = inf if budget is None else budget  # seconds from ``started`` on, for all processes
        self._started, self._clock = started, clock
        self._end = inf  # of the process at hand, by the clock

    def __iter__(self) -> Iterator[int]:
        longest = 0.0
        for number in range(self._processes):
            began = self._clock()
            remaining = self._started + self._budget - began
            if number and began + longest > self._started + OVERRUN * self._budget:
                return
            part = max(0.0, remaining) / (self._processes - number)
            self._end = began + part
            yield number
            took = self._clock() - began
            longest = max(longest, took) if took > part else longest

    def seconds(self, cases: int, waiting: int) -> float:
        """For ``cases`` cases out of ``waiting`` that the process at hand has not measured yet."""
        if self._end == inf:
            return inf
        return max(0.0, self._end - self._clock()) * cases / waiting

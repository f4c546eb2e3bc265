"""Which cells are measured together: those of one size under one set of conditions, as many as memory holds at once."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import inf
from time import monotonic
from typing import Any

from attnprof.records.case import Case
from attnprof.records.record import Event
from attnprof.units import show_bytes

SHARE = 0.25  # of the memory there is, for what the cells of a block keep between their visits
ALONE = 0.125  # a call that takes more than this share of the memory has a block of its own
PER_ELEMENT = 100  # a guess at the work of moving one element, in MACs


@dataclass(frozen=True)
class Counted:
    """A case and what was counted of it: macs, the peak of its activations and what its weights take, in bytes."""

    case: Case
    macs: int = 0
    peak: int = 0
    weights: int = 0
    largest: str = ""

    @classmethod
    def of(cls, case: Case, account: Event) -> "Counted":
        """What an account event says of the case."""
        known: Mapping[str, Any] = account.get("static", {})
        return cls(
            case, **{name: known[name] for name in ("macs", "peak", "weights", "largest") if name in known}
        )

    @property
    def cost(self) -> float:
        """A guess at the work of one call, good enough to put cells in order."""
        batch, channels, height, width = self.case.shape
        return self.macs + PER_ELEMENT * batch * channels * height * width

    def too_large(self, memory: int | None) -> str:
        """Why it is not started where there are ``memory`` bytes; empty where it may fit."""
        needed = self.peak + self.weights
        if memory is None or needed <= memory:
            return ""
        tensor = f"; the largest tensor, {self.largest}" if self.largest else ""
        return (
            f"needs {show_bytes(needed)} at its peak by our count, and may take {show_bytes(memory)}{tensor}"
        )


def blocks(cells: Iterable[Counted], memory: int | None) -> list[tuple[Case, ...]]:
    """The cells in blocks, the dearest first, and so the blocks.

    The dear ones need their fewest visits whatever their share of the budget is; those after them make do with what is left.
    memory: of the device, in bytes; None where it is not known.
    """
    ordered = sorted(cells, key=lambda each: each.cost, reverse=True)
    dearest = {_conditions(each.case): n for n, each in reversed(list(enumerate(ordered)))}
    grouped = sorted(ordered, key=lambda each: dearest[_conditions(each.case)])
    return [
        tuple(each.case for each in part)
        for _, group in groupby(grouped, key=lambda each: _conditions(each.case))
        for part in _parts(list(group), memory)
    ]


def _conditions(case: Case) -> Case:
    """The case without what tells apart the cells that are compared under equal conditions."""
    return replace(case, module="", hyperparameters=(), variant="", source="", place="")


def _parts(group: Sequence[Counted], memory: int | None) -> list[list[Counted]]:
    if memory is None:
        return [list(group)]
    alone = [[each] for each in group if each.peak > ALONE * memory]
    parts: list[list[Counted]] = []
    held = 0.0
    for each in [each for each in group if each.peak <= ALONE * memory]:
        kept = each.weights * (2 if each.case.mode == "train" else 1)  # gradients
        if not parts or held + kept > SHARE * memory:
            parts.append([])
            held = 0.0
        parts[-1].append(each)
        held += kept
    return alone + parts


OVERRUN = 1.15  # of the budget: what finishing a last process may make of it


class Repeats:
    """The numbers of the processes, as long as the next one fits into the budget.

    budget: seconds from ``started`` on for all of them, None without end. Each process gets an equal part of what is left
    when it begins. One that overran its part had only fewest visits to make, and so will the next: it is begun only if
    that much is left.
    """

    def __init__(
        self, processes: int, budget: float | None, started: float, clock: Callable[[], float] = monotonic
    ) -> None:
        self.processes = processes
        self._budget = inf if budget is None else budget
        self._started, self._clock = started, clock
        self._ends = inf

    def __iter__(self) -> Iterator[int]:
        longest = 0.0
        for number in range(self.processes):
            began = self._clock()
            left = self._started + self._budget - began
            if number and began + longest > self._started + OVERRUN * self._budget:
                return
            part = max(0.0, left) / (self.processes - number)
            self._ends = began + part
            yield number
            took = self._clock() - began
            longest = max(longest, took) if took > part else longest

    def seconds(self, cells: int, waiting: int) -> float:
        """For ``cells`` cells out of ``waiting`` that the process at hand has not measured yet."""
        if self._ends == inf:
            return inf
        return max(0.0, self._ends - self._clock()) * cells / waiting

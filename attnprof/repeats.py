"""A time budget divided over the processes that repeat a run, and in each of them over its cells."""

from collections.abc import Callable, Iterator
from math import inf
from time import monotonic

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

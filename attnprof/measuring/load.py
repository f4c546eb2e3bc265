"""How much of the machine other programs used while something was measured.

A thread that is never interrupted still slows down: it shares caches, memory and the power limit with
whatever runs on the other cores.
"""

from collections.abc import Callable
from time import monotonic, process_time

from attnprof.system.load import used_seconds

LOADED = 0.2  # of all cores: from there on latencies are longer than those of a quiet machine
SHORTEST = 0.2  # seconds; the system counts in hundredths of one


class Load:
    """What other programs use of the machine's cores, from now on."""

    def __init__(
        self,
        machine: Callable[[], tuple[float, int] | None] | None = None,
        own: Callable[[], float] = process_time,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._machine, self._own, self._clock = machine or used_seconds, own, clock
        self._before, self._own_before, self._started = self._machine(), own(), clock()

    @property
    def share(self) -> float | None:
        """Their mean use, as a share of all cores; None where the system does not say, and after too short a
        time."""
        now, seconds = self._machine(), self._clock() - self._started
        if self._before is None or now is None or seconds < SHORTEST:
            return None
        used, cores = now
        others = used - self._before[0] - (self._own() - self._own_before)
        return max(0.0, others) / (seconds * cores)

    @property
    def is_high(self) -> bool:
        """Whether it disturbs what is measured meanwhile."""
        share = self.share
        return share is not None and share >= LOADED

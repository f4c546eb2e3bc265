"""What the host's clock can tell apart, and how long a sample must last for that not to matter."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

ERROR = 0.005  # of a sample: what reading the clock may be of it
STEPS = 200
MOST_READINGS = 10**6  # a clock that stands still is none


@dataclass(frozen=True)
class Timer:
    """What the host's clock can do."""

    resolution: float  # seconds of the smallest step
    cost: float  # seconds of reading it once

    @property
    def least_sample(self) -> float:
        """Seconds that a sample must last: both its ends may be a step off, and one reading is in it."""
        return (2 * self.resolution + self.cost) / ERROR


def timer(now: Callable[[], float] = perf_counter) -> Timer:
    """What ``now`` can do. Raises ValueError for a clock that does not move."""
    steps: list[float] = []
    readings = 0
    began = before = now()
    while len(steps) < STEPS:
        readings += 1
        if readings > MOST_READINGS:
            raise ValueError("the clock does not move")
        this = now()
        if this > before:
            steps.append(this - before)
            before = this
    cost = (before - began) / readings
    # Where every reading finds another time, a step is the cost of reading, and the resolution is no coarser.
    return Timer(min(steps), min(cost, median(steps)))

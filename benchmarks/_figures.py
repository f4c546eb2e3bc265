"""What a benchmark of repeated runs says: figures by process, how they vary, what their intervals hold and
tell apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from attnprof.runtimes import EAGER
from attnprof.stats import Interval, middle, process_interval

NORMAL = 1.4826  # a normal distribution's standard deviation over its median absolute deviation


@dataclass(frozen=True)
class Ran:
    """One run of one method, or what it has of one runtime. wall: seconds. found: by module, and by number of
    the process, seconds per call."""

    method: str
    wall: float
    found: dict[str, dict[int, float]]
    runtime: str = EAGER

    @property
    def processes(self) -> int:
        """How many there were, at most, behind a figure."""
        return max(map(len, self.found.values()), default=0)

    def values(self, name: str, base: str = "") -> list[float]:
        """One figure of each process: seconds of ``name``, or their ratio to those of ``base`` in the same
        process."""
        own = self.found.get(name, {})
        if not base:
            return list(own.values())
        theirs = self.found.get(base, {})
        return [value / theirs[process] for process, value in own.items() if process in theirs]

    def figure(self, name: str, base: str = "") -> float | None:
        """What the run says: the middle of its processes' figures; None where there is none."""
        values = self.values(name, base)
        return middle(values) if values else None

    def interval(self, name: str, base: str = "") -> Interval | None:
        """The 95 % interval from processes; None where they are too few."""
        return process_interval(self.values(name, base))


def variation(runs: Sequence[Ran], name: str, base: str = "") -> float | None:
    """The robust coefficient of variation of a figure over ``runs``; None for fewer than two."""
    figures = [figure for ran in runs if (figure := ran.figure(name, base)) is not None]
    if len(figures) < 2:
        return None
    centre = median(figures)
    return NORMAL * median(abs(figure - centre) for figure in figures) / centre


@dataclass(frozen=True)
class Share:
    """``hits`` of ``of``."""

    hits: int
    of: int

    def __str__(self) -> str:
        return f"{100 * self.hits / self.of:.0f} % of {self.of}" if self.of else "-"

    @property
    def value(self) -> float | None:
        """As a number; None where there was nothing to count."""
        return self.hits / self.of if self.of else None


def coverage(runs: Sequence[Ran], names: Sequence[str], base: str = "") -> Share:
    """How many of the intervals, one of each cell and run, hold the median of all runs of that cell; of its
    ratio to ``base`` where there is one. A machine that is slower for a while slows both."""
    held = []
    for name in names:
        figures = [figure for ran in runs if (figure := ran.figure(name, base)) is not None]
        found = [interval for ran in runs if (interval := ran.interval(name, base))]
        held += [low <= median(figures) <= high for low, high in found]
    return Share(sum(held), len(held))


def told_apart(runs: Sequence[Ran], pairs: Sequence[tuple[str, str]]) -> Share:
    """How many of the intervals of a ratio, one of each pair and run, leave out 1: 'these two differ'."""
    found = [interval for ran in runs for name, base in pairs if (interval := ran.interval(name, base))]
    return Share(sum(not low <= 1 <= high for low, high in found), len(found))


def found_slower(runs: Sequence[Ran], pairs: Sequence[tuple[str, str]]) -> Share:
    """How many of the intervals of a ratio lie above 1: 'the first is slower'."""
    found = [interval for ran in runs for name, base in pairs if (interval := ran.interval(name, base))]
    return Share(sum(low > 1 for low, _ in found), len(found))

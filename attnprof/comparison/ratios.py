"""How a time changed: the ratio of what the processes of two runs found, its interval, and what may be said of it.

Processes are what is independent: each gives one figure, the median of its samples. The samples of one process say nothing
of how much processes differ, so with a single process only a difference far beyond that counts.
"""

from dataclasses import dataclass

from attnprof.stats import Interval, ratio_interval

FASTER, SLOWER, SAME, UNCLEAR = VERDICTS = ("faster", "slower", "same", "unclear")
APART = 0.10  # what single processes of one cell are taken to differ by at most: beyond that, it is the cell that differs


@dataclass(frozen=True)
class Side:
    """What one run found of a cell. seconds: its figure. processes: the figure of each, all positive.

    interval: of ``seconds`` as the run itself gives it, None where it has none.
    """

    seconds: float
    processes: tuple[float, ...]
    interval: Interval | None = None


@dataclass(frozen=True)
class Outcome:
    """What may be said of a cell. interval: the 95 % interval of its ratio, None where processes are too few.

    why: of a verdict that is unclear, or that rests on less than processes; else empty.
    """

    before: Side
    after: Side
    verdict: str
    interval: Interval | None
    why: str = ""

    @property
    def ratio(self) -> float:
        """After over before."""
        return self.after.seconds / self.before.seconds


def judge(before: Side, after: Side, tolerance: float) -> Outcome:
    """Slower or faster: the whole interval of the ratio is beyond ``tolerance``; same: all of it is within. Else unclear.

    With one process on a side there is no such interval: then the sides' own intervals must be APART and ``tolerance``
    from each other to be told apart, and nothing is called the same.
    """
    interval = ratio_interval(before.processes, after.processes)
    if interval is None:
        verdict, why = _by_samples(before, after, tolerance)
        return Outcome(before, after, verdict, None, why)
    ratio = after.seconds / before.seconds  # of two middles: it may lie outside of what is formed from means
    interval = min(interval[0], ratio), max(interval[1], ratio)
    verdict = verdict_of(interval, tolerance)
    why = "the interval of the ratio reaches across the tolerance" if verdict == UNCLEAR else ""
    return Outcome(before, after, verdict, interval, why)


def verdict_of(interval: Interval, tolerance: float) -> str:
    """What the interval of a ratio says: whether all of it is beyond the tolerance, on which side, or within."""
    low, high = interval
    if low > 1 + tolerance:
        return SLOWER
    if high < 1 / (1 + tolerance):
        return FASTER
    return SAME if low >= 1 / (1 + tolerance) and high <= 1 + tolerance else UNCLEAR


def _by_samples(before: Side, after: Side, tolerance: float) -> tuple[str, str]:
    alone = f"one process {'each' if len(before.processes) == len(after.processes) else 'on one side'}"
    if before.interval is None or after.interval is None:
        return UNCLEAR, f"{alone}, and too few samples for an interval"
    margin = max(APART, tolerance)
    least, most = after.interval[0] / before.interval[1], after.interval[1] / before.interval[0]
    if least > 1 + margin or most < 1 / (1 + margin):
        why = f"{alone}: told by samples, which lie more than {100 * margin:.0f} % apart"
        return SLOWER if least > 1 else FASTER, why
    return UNCLEAR, f"{alone}, and samples that are not {100 * margin:.0f} % apart"

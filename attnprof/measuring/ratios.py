"""A cell's time over the baseline's inside one process, where both met the same machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, hypot, log

from attnprof.measuring.estimators import Estimator
from attnprof.stats import Interval


@dataclass(frozen=True)
class Ratio:
    """A cell's time over the baseline's, in one process."""

    baseline: str  # the title of its case
    value: float | None
    interval: Interval | None = None  # 95 %, within the process
    n: int = 0  # samples of the cell behind it
    why: str = ""  # why there is no value


def ratio_to(baseline: str, cell: Sequence[float], of_baseline: Sequence[float], by: Estimator) -> Ratio:
    """The figure that the estimator ``by`` makes of ``cell``'s samples, over that of ``of_baseline``'s.

    docs/measuring.md, section 10, compares this with the quotients of each round.
    """
    if not of_baseline:
        return Ratio(baseline, None, why=f"no sample of {baseline} counts")
    if not cell:
        return Ratio(baseline, None, why="no sample of its own counts")
    value = by.of(cell) / by.of(of_baseline)
    return Ratio(baseline, value, _interval(value, cell, of_baseline, by), len(cell))


def _interval(
    value: float, cell: Sequence[float], of_baseline: Sequence[float], by: Estimator
) -> Interval | None:
    """That of two independent figures: distances of logarithms to their ends, added as squares."""
    ours, theirs = by.interval(cell), by.interval(of_baseline)
    if ours is None or theirs is None:
        return None
    figure, level = by.of(cell), by.of(of_baseline)
    down = hypot(log(figure / ours[0]), log(theirs[1] / level))
    up = hypot(log(ours[1] / figure), log(level / theirs[0]))
    return value * exp(-down), value * exp(up)

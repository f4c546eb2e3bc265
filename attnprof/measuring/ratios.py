"""A cell's time over the baseline's, from rounds in which both were sampled: what slows the machine for a
while slows both, and their ratio stays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from attnprof.measuring.estimators import Estimator
from attnprof.stats import Interval

Timed = tuple[int, float]  # a sample: the round that it was taken in, and its seconds per call


@dataclass(frozen=True)
class Ratio:
    """A cell's time over the baseline's, in one process."""

    baseline: str  # the title of its case
    value: float | None
    interval: Interval | None = None  # 95 %, within the process
    n: int = 0  # samples of the cell behind it
    why: str = ""  # why there is no value


def ratio_to(baseline: str, cell: Iterable[Timed], of_baseline: Iterable[Timed], by: Estimator) -> Ratio:
    """The ratio of ``cell``'s samples to those of ``of_baseline``.

    Each sample of the cell is divided by the baseline's figure of the same round; the estimator ``by`` makes
    the one figure of a round's samples, and the one ratio of all quotients.
    """
    levels = {turn: by.of(samples) for turn, samples in _by_round(of_baseline).items()}
    quotients = [seconds / levels[turn] for turn, seconds in cell if turn in levels]
    if not quotients:
        return Ratio(baseline, None, why=f"no round in which {baseline} has a sample, too")
    return Ratio(baseline, by.of(quotients), by.interval(quotients), len(quotients))


def _by_round(samples: Iterable[Timed]) -> dict[int, Sequence[float]]:
    rounds: dict[int, list[float]] = {}
    for turn, seconds in samples:
        rounds.setdefault(turn, []).append(seconds)
    return dict(rounds)

"""The comparison of estimators: the same samples, made into figures in every way, and judged.

A way to a latency is an estimator of a process's samples. A way to a ratio is an estimator and a place: the
ratio of two processes' figures, or the figure of all quotients of a sample by the baseline's of its round.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from math import exp, fsum, log, prod
from statistics import median

from attnprof.comparison.processes import side
from attnprof.comparison.ratios import FASTER, SLOWER, UNCLEAR, judge
from attnprof.measuring.estimators import ESTIMATORS, Estimator
from attnprof.measuring.timing import Timed
from benchmarks._bars import percent
from benchmarks._figures import Ran, Share, coverage, found_slower, told_apart, variation
from benchmarks._latency_report import LONG, SHORT, TWINS
from benchmarks._outputs import BASELINE, Cell

QUIET, BUSY, BURSTS = CONDITIONS = ("quiet", "busy", "bursts")
LONGEST = "long"  # quiet, and several times as long: what the others are held to
PLACES = ("figures", "rounds")
NEIGHBOURS = (1.2, 2.0)  # ratios of two cells that have an order which a process could miss
TOLERANCE = 0.05
MOST_DIFFERENT, LEAST_ORDER = 0.03, 0.95  # of an estimator that may win
MOST_OFF = 0.02  # the ratio of a copy of the baseline to it
COPIES = TWINS[1:]  # of the baseline
PARTS = ("latency", "ratio")  # of the scores: what should vary little
CLOSE = 1.05  # times the least score: then the bias decides

Process = Mapping[Cell, Sequence[Timed]]  # the samples that count
Sampled = Sequence[Process]  # of one run


@dataclass(frozen=True)
class Way:
    """A way from samples to ratios."""

    estimator: Estimator
    place: str  # one of PLACES

    @property
    def name(self) -> str:
        """'lower_decile of rounds'."""
        return f"{self.estimator.name} of {self.place}"


@dataclass(frozen=True)
class Scores:
    """What one way comes to under one condition; None and empty shares where there is nothing to judge."""

    latency: float | None  # variation between runs, the median over cells
    ratio: float | None  # the same, of the ratio to the baseline
    half_width: float | None  # of the ratio's interval over processes, the median
    held: Share  # intervals of the ratio that hold the median of all runs
    order: Share  # neighbours in order in a process
    different: Share  # one program, two runs: cells called faster or slower
    unclear: Share
    alike: Share  # copies of the baseline told apart from it
    copies_off: float | None  # by how much the mean ratio of the copies differs from 1
    slower: Share  # 5 % more work found
    latency_bias: float | None  # against the long run, the median over cells
    ratio_bias: float | None  # the same, of its absolute value


def ways() -> list[Way]:
    """All of them."""
    return [Way(estimator, place) for estimator in ESTIMATORS.values() for place in PLACES]


def latencies(runs: Sequence[Sampled], way: Way) -> list[Ran]:
    """The figure of each cell in each process."""
    return [_ran(run, lambda process, cell: way.estimator.of(_seconds(process[cell]))) for run in runs]


def ratios(runs: Sequence[Sampled], way: Way) -> list[Ran]:
    """The ratio of each cell to the baseline in each process that has both. The baseline's own is none."""
    return [_ran(run, lambda process, cell: _ratio(process, cell, way)) for run in runs]


def _ratio(process: Process, cell: Cell, way: Way) -> float | None:
    base = process.get((BASELINE, cell[1]))
    if cell[0] == BASELINE or not base:
        return None
    if way.place == "rounds":
        return _ratio_of_rounds(process[cell], base, way.estimator)
    return way.estimator.of(_seconds(process[cell])) / way.estimator.of(_seconds(base))


def _ratio_of_rounds(cell: Sequence[Timed], base: Sequence[Timed], by: Estimator) -> float | None:
    """Each sample of the cell over the baseline's figure of the same round; the figure of these quotients."""
    by_round: dict[int, list[float]] = {}
    for turn, seconds in base:
        by_round.setdefault(turn, []).append(seconds)
    levels = {turn: by.of(samples) for turn, samples in by_round.items()}
    quotients = [seconds / levels[turn] for turn, seconds in cell if turn in levels]
    return by.of(quotients) if quotients else None


def _seconds(samples: Sequence[Timed]) -> list[float]:
    return [seconds for _, seconds in samples]


def _ran(run: Sampled, figure: Callable[[Process, Cell], float | None]) -> Ran:
    figures: dict[str, dict[int, float]] = {}
    for number, process in enumerate(run):
        for cell in process:
            value = figure(process, cell)
            if value is not None:
                figures.setdefault(name_of(cell), {})[number] = value
    return Ran("", 0.0, figures)


def name_of(cell: Cell) -> str:
    """'eca@64@56'."""
    return "@".join(cell)


def scores(runs: Sequence[Sampled], way: Way, quiet: Sequence[Sampled], longest: Sequence[Sampled]) -> Scores:
    """``runs`` of one condition, judged. quiet: runs whose means say which order is right. longest: what a
    bias is against."""
    own, over = latencies(runs, way), ratios(runs, way)
    points = sorted({cell[1] for run in runs for process in run for cell in process})
    verdicts = [verdict for pair in pairwise(over) for verdict in verdicts_of(*pair)]
    copies = [(f"{copy}@{point}", "") for copy in COPIES for point in points]
    chains = [(f"{LONG}@{point}", f"{SHORT}@{point}") for point in points]
    return Scores(
        latency=_middle(variation(own, name) for name in _names(own)),
        ratio=_middle(variation(over, name) for name in _names(over)),
        half_width=_middle(half_width(ran, name) for ran in over for name in ran.found),
        held=coverage(over, _names(over)),
        order=order(over, means(ratios(quiet, way)), points),
        different=Share(sum(verdict in (FASTER, SLOWER) for verdict in verdicts), len(verdicts)),
        unclear=Share(verdicts.count(UNCLEAR), len(verdicts)),
        alike=told_apart(over, copies),
        copies_off=copies_off(over, points),
        slower=found_slower(over, chains),
        latency_bias=_middle(biases(own, latencies(longest, way))),
        ratio_bias=_middle(map(abs, biases(over, ratios(longest, way)))),
    )


def _names(runs: Sequence[Ran]) -> list[str]:
    return sorted({name for ran in runs for name in ran.found})


def _middle(values: Iterable[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return median(present) if present else None


def half_width(ran: Ran, name: str) -> float | None:
    """Half of the width of the interval over processes, as a share; None where there is none."""
    interval, figure = ran.interval(name), ran.figure(name)
    return (interval[1] - interval[0]) / (2 * figure) if interval and figure else None


def means(runs: Sequence[Ran]) -> dict[str, float]:
    """The geometric mean over ``runs`` of each cell's figure."""
    figures: dict[str, list[float]] = {}
    for ran in runs:
        for name in ran.found:
            figure = ran.figure(name)
            if figure is not None:
                figures.setdefault(name, []).append(figure)
    return {name: exp(fsum(map(log, own)) / len(own)) for name, own in figures.items()}


def order(runs: Sequence[Ran], truth: Mapping[str, float], points: Sequence[str]) -> Share:
    """Of the NEIGHBOURS by ``truth``, of one point: how many are in that order in each process."""
    right = []
    for point in points:
        names = sorted((name for name in truth if name.endswith(f"@{point}")), key=lambda name: truth[name])
        for one, two in combinations(names, 2):
            if NEIGHBOURS[0] < truth[two] / truth[one] <= NEIGHBOURS[1]:
                right += [value > 1 for ran in runs for value in ran.values(two, one)]
    return Share(sum(right), len(right))


def verdicts_of(before: Ran, after: Ran) -> list[str]:
    """What a comparison of two runs calls each cell."""
    verdicts = []
    for name in before.found:
        one, two = side(before.values(name)), side(after.values(name))
        if one and two:
            verdicts.append(judge(one, two, TOLERANCE).verdict)
    return verdicts


def biases(runs: Sequence[Ran], longest: Sequence[Ran]) -> list[float]:
    """By how much the mean of each cell differs from the mean of the long run, as a share."""
    own, reference = means(runs), means(longest)
    return [own[name] / reference[name] - 1 for name in own if name in reference]


def copies_off(runs: Sequence[Ran], points: Sequence[str]) -> float | None:
    """By how much the ratio of copies of the baseline differs from 1, as the mean over them all."""
    own = means(runs)
    logs = [log(own[name]) for copy in COPIES for point in points if (name := f"{copy}@{point}") in own]
    return abs(exp(fsum(logs) / len(logs)) - 1) if logs else None


def score(by_condition: Mapping[str, Scores], parts: Sequence[str]) -> float | None:
    """How much figures vary between runs: the geometric mean of the ``parts`` over the conditions. None where
    something is missing."""
    values = [getattr(each, part) for each in by_condition.values() for part in parts]
    if not values or not all(values):
        return None
    return prod(values) ** (1 / len(values))


def may_win(by_condition: Mapping[str, Scores]) -> bool:
    """Whether a way rarely calls one program different, has neighbours in order, and copies of the baseline
    at 1, under each condition."""
    return all(_is_sound(each) for each in by_condition.values())


def _is_sound(each: Scores) -> bool:
    different, right, off = each.different.value, each.order.value, each.copies_off
    return (
        (different is None or different <= MOST_DIFFERENT)
        and (right is None or right >= LEAST_ORDER)
        and (off is None or off <= MOST_OFF)
    )


def winner(results: Mapping[Way, Mapping[str, Scores]], parts: Sequence[str] = PARTS) -> Way | None:
    """Of the ways that may win the one with the least score; among those CLOSE to it that with the least
    bias. None where none may win."""
    rates = {way: score(each, parts) for way, each in results.items() if may_win(each)}
    rated = {way: rate for way, rate in rates.items() if rate is not None}
    close = [way for way, rate in rated.items() if rate <= CLOSE * min(rated.values())]
    return min(close, key=lambda way: bias(results[way], parts), default=None)


def bias(by_condition: Mapping[str, Scores], parts: Sequence[str]) -> float:
    """The largest bias of the ``parts`` under any condition."""
    values = [getattr(each, f"{part}_bias") for each in by_condition.values() for part in parts]
    return max((abs(value) for value in values if value is not None), default=0.0)


HEAD = (
    "   vary   ratio  half-          in   called     un-  copies  copies   5 %    bias   ratio",
    "           vary  width  holds order  different  clear  apart     off  found           bias",
)
CRITERIA = (
    f"May win: at most {MOST_DIFFERENT:.0%} called different, at least {LEAST_ORDER:.0%} in order,"
    f" copies at most {MOST_OFF:.0%} off, under each condition.",
    "Wins: the least geometric mean of the variation over the conditions;"
    f" within {CLOSE - 1:.0%} of it, the least bias.",
)


def table(condition: str, runs: int, results: Mapping[Way, Scores]) -> Iterator[str]:
    """One condition's scores, in lines of at most 110 columns."""
    for text, line in zip((f"{condition}, {runs} runs", ""), HEAD, strict=True):
        yield f"{text:28}{line}"
    for way, each in results.items():
        yield f"{way.name:28}{_line(each)}"


def _line(each: Scores) -> str:
    columns = (
        (percent(each.latency), 7),
        (percent(each.ratio), 8),
        (percent(each.half_width), 7),
        (_share(each.held), 7),
        (_share(each.order), 6),
        (_share(each.different), 11),
        (_share(each.unclear), 7),
        (_share(each.alike), 7),
        (percent(each.copies_off), 8),
        (_share(each.slower), 7),
        (percent(each.latency_bias), 8),
        (percent(each.ratio_bias), 8),
    )
    return "".join(f"{text:>{width}}" for text, width in columns)


def _share(share: Share) -> str:
    return "-" if share.value is None else f"{100 * share.value:.0f} %"

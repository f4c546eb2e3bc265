"""Ranks: one more than the number of candidates that are better beyond the noise; ties share a rank."""

from collections.abc import Sequence

from attnprof.choosing.candidates import Candidate, Missing
from attnprof.choosing.judging import counts
from attnprof.choosing.measures import Measure
from attnprof.choosing.pareto import Span


def ranks(costs: Sequence[Span]) -> list[int]:
    """The rank of each of ``costs``, 1 being the best: no other one is surely less."""
    return [1 + sum(other.high < each.low for other in costs) for each in costs]


def worst(candidate: Candidate, measure: Measure, points: Sequence[str]) -> tuple[str, Span] | Missing:
    """The point at which the candidate is worst, and its figure there; Missing where one point lacks it."""
    figures: list[tuple[str, Span]] = []
    for point in points:
        figure = candidate.figure(measure, point)
        if isinstance(figure, Missing):
            return Missing(figure.why + (f" at {point}" if len(points) > 1 and measure.column else ""))
        figures.append((point, figure))
    return (min if measure.more else max)(figures, key=lambda pair: counts(pair[1], measure))


def cost(span: Span, measure: Measure) -> Span:
    """``span`` as a cost: less is better."""
    return span.negated if measure.more else span

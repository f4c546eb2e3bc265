"""Verdicts on limits, in words: what is over, by how much, and what to do to the option."""

from collections.abc import Sequence
from math import isinf

from attnprof.choosing.budget import Limit
from attnprof.choosing.choice import Choice, Rejected
from attnprof.choosing.judging import Verdict, counts
from attnprof.choosing.measures import Measure
from attnprof.units import show_share, significant

ROUGHLY = "~"  # before a figure of which no interval is known


def why(each: Rejected, choice: Choice) -> str:
    """Why a module is not in the answer, in a few words."""
    return each.why or broken(each.broken, choice.points)


def broken(verdicts: Sequence[Verdict], points: Sequence[str]) -> str:
    """Limits that do not hold: 'latency 1.24 ms, params 17 361 at 256@56'; 'latency 1.35x:se'.

    Or why they cannot be judged.

    A point is named where there are several.
    """
    texts: list[str] = []
    for n, verdict in enumerate(verdicts):
        named = len(points) > 1 and verdict.limit.measure.column
        ends = n + 1 == len(verdicts) or verdicts[n + 1].point != verdict.point
        texts.append(judged_figure(verdict) + (f" at {verdict.point}" if named and ends else ""))
    return ", ".join(texts)


def judged_figure(verdict: Verdict) -> str:
    """A measure with what was judged: 'latency 1.24 ms'; 'latency 1.35x:se'; why nothing was."""
    limit, measure = verdict.limit, verdict.limit.measure
    if verdict.span is None:
        return f"{measure.title}: {verdict.why}"
    if limit.reference and verdict.needed is not None:
        return f"{measure.title} {significant(float(verdict.needed))}x:{limit.reference}"
    if verdict.span.rough:
        return f"{measure.title} {ROUGHLY}{measure.show(verdict.span.value)}"
    return f"{measure.title} {measure.show(counts(verdict.span, measure))}"


def excess(verdict: Verdict) -> str:
    """How far a limit is broken: '12 % over', '310x the limit', '0.5 % below the limit'."""
    if isinf(verdict.ratio):
        return "more than any multiple of the limit"
    if verdict.limit.measure.more:
        return f"{show_share(1 - 1 / verdict.ratio)} below the limit"
    if verdict.ratio < 2:
        return f"{show_share(verdict.ratio - 1)} over"
    return f"{significant(verdict.ratio)}x the limit"


def change(measure: Measure, to: Limit) -> str:
    """What to do to an option: 'raise --max-latency to 824us'."""
    verb, end = ("lower", "min") if measure.more else ("raise", "max")
    return f"{verb} --{end}-{measure.name.replace('_', '-')} to {to.bound}"

"""Verdicts: whether a candidate keeps a limit at every point, judged by the worse end of its interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from math import inf

from attnprof.choosing.budget import Budget, Limit
from attnprof.choosing.candidates import Candidate, Missing, named
from attnprof.choosing.measures import Measure
from attnprof.choosing.pareto import DOUBT, Span

DIGITS = 2  # of a limit that is proposed, in its unit


@dataclass(frozen=True)
class Verdict:
    """Whether a candidate keeps one limit, at the point at which it is worst."""

    limit: Limit
    point: str  # empty for a published figure, which has none
    holds: bool
    ratio: float  # of the figure to the bound, reversed for a minimum: above 1 is broken; inf without figure
    span: Span | None = None  # the figure
    why: str = ""  # why there is no figure
    needed: Fraction | None = None  # the value with which the limit would just hold

    @property
    def is_open(self) -> bool:
        """Whether it breaks the limit by a rough figure, and by a better one might keep it."""
        return not self.holds and self.span is not None and self.span.rough and self.ratio <= DOUBT**2

    @property
    def headroom(self) -> float:
        """The unused share of the bound; negative where it is broken."""
        return 1 - self.ratio


def counts(span: Span, measure: Measure) -> float:
    """The end of the interval that counts against a candidate: a noisy win is no win."""
    return span.low if measure.more else span.high


def verdicts(
    candidate: Candidate, budget: Budget, points: Sequence[str], among: Sequence[Candidate]
) -> list[Verdict]:
    """One verdict per limit of ``budget``, each at the worst of ``points``.

    Raises UnknownNameError where a limit is relative to a module that is not ``among`` the run's.
    """
    places = [points if limit.measure.column else ("",) for limit in budget]
    return [
        max((_verdict(candidate, limit, point, among) for point in where), key=_worse)
        for limit, where in zip(budget, places, strict=True)
    ]


def _worse(verdict: Verdict) -> tuple[bool, bool, Fraction]:
    # By what would be needed, which orders points even where every ratio to a bound of 0 is infinite.
    needed = verdict.needed or Fraction(0)
    return (
        verdict.span is None,
        verdict.needed is None and not verdict.holds,
        -needed if verdict.limit.measure.more else needed,
    )


def _verdict(candidate: Candidate, limit: Limit, point: str, among: Sequence[Candidate]) -> Verdict:
    measure = limit.measure
    figure = candidate.figure(measure, point)
    if isinstance(figure, Missing):
        return Verdict(limit, point, False, inf, None, figure.why)
    end, unit = exactly(counts(figure, measure)), Fraction(1)
    if limit.reference:
        other = named(limit.reference, among)
        theirs = other.figure(measure, point)
        if isinstance(theirs, Missing):
            return Verdict(limit, point, False, inf, None, f"{other.name}: {theirs.why}")
        unit = exactly(theirs.high if measure.more else theirs.low)
        formed = candidate.ratio_to(other, measure, point)
        if other is candidate:  # against itself there is no noise
            end = unit = exactly(figure.value)
        elif formed is not None:  # what moved both is in neither end
            end, unit = exactly(formed.high), Fraction(1)
    bound = Fraction(limit.value) * unit
    holds, ratio = (end >= bound, _ratio(bound, end)) if measure.more else (end <= bound, _ratio(end, bound))
    return Verdict(limit, point, holds, ratio, figure, needed=end / unit if unit else None)


def exactly(value: float) -> Fraction:
    """The decimal number that ``value`` is written as, so that a bound of 77.1 holds for a figure of 77.1."""
    return Fraction(value) if isinstance(value, int) else Fraction(Decimal(repr(value)))


def _ratio(part: Fraction, whole: Fraction) -> float:
    try:
        return float(part / whole)
    except ZeroDivisionError:
        return inf if part else 1.0
    except OverflowError:
        return inf


def loosened(verdict: Verdict) -> Limit | None:
    """The limit loosened until it holds: a count exactly, else to a round number; None if it never holds."""
    limit, measure, needed = verdict.limit, verdict.limit.measure, verdict.needed
    if needed is None:
        return None
    if measure.kind == "count" and not limit.reference:
        return Limit(measure, Decimal(needed.numerator))
    rounding = Context(prec=DIGITS, rounding=ROUND_FLOOR if measure.more else ROUND_CEILING)
    unit = Fraction(1) if limit.reference else _unit(measure, needed)
    parts = needed / unit
    value = rounding.divide(Decimal(parts.numerator), Decimal(parts.denominator))
    return Limit(measure, value * Decimal(unit.numerator) / Decimal(unit.denominator), limit.reference)


def _unit(measure: Measure, value: Fraction) -> Fraction:
    """The largest unit of the measure that ``value`` has one of: a round number of MiB, or of us."""
    units = [Fraction(scale) for _, scale in measure.quantity.units]
    return next((unit for unit in units if unit <= value), units[-1])

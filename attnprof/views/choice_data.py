"""A choice for programs: CSV with a record per candidate, and JSON with everything that led to it."""

from math import isinf
from typing import Any

from msgspec import UNSET, Struct, UnsetType, to_builtins

from attnprof.choosing.choice import Choice, Chosen, Rejected, closest, relaxations
from attnprof.choosing.judging import Verdict
from attnprof.choosing.measures import Measure, measures
from attnprof.choosing.pareto import Span
from attnprof.published import Evidence, span
from attnprof.records.environment import Environment
from attnprof.views.verdicts import why

PUBLISHED_ENDS = ("published_low", "published_high", "gain_low", "gain_high")
SCHEMA = 1


class ChoiceFigure(Struct):
    """A figure of a candidate where it stands worst, in base units."""

    value: int | float
    low: int | float | None  # the ends of its interval; None where it is rough
    high: int | float | None
    at: str  # the point
    rough: bool


class ChoiceLimit(Struct):
    """Whether a candidate keeps a limit."""

    limit: str  # 'latency<=1.2x:se'
    at: str  # the point where it stands worst
    holds: bool
    ratio: float | None  # of its figure to the limit; None where there is none
    why: str | UnsetType = UNSET  # it could not be judged


class ChoiceSource(Struct):
    """A published figure of a candidate."""

    metric: str
    value: str  # as printed
    gain: str | None  # over the baseline of the same recipe
    no_gain: str  # why there is none
    setting: str
    recipe: str
    source: str
    title: str
    location: str
    quoted: bool  # from somebody else's paper


class ChosenModule(Struct, kw_only=True):
    """A candidate that keeps the budget."""

    rank: int | UnsetType = UNSET  # absent on a Pareto front
    shared: bool | UnsetType = UNSET  # whether another has the same rank
    module: str
    variant: str
    name: str
    figures: dict[str, ChoiceFigure]  # by column
    limits: list[ChoiceLimit]
    published: list[ChoiceSource]


class RejectedModule(Struct):
    """A candidate that is not in the answer."""

    module: str
    variant: str
    name: str
    reason: str
    figures: dict[str, ChoiceFigure]  # by column
    limits: list[ChoiceLimit]
    published: list[ChoiceSource]


class AdmittingChange(Struct):
    """The least change of the budget that admits a candidate."""

    module: str
    changes: dict[str, str]  # limit -> the one to put in its place


class PublishedPlace(Struct):
    """What published figures are of, by key."""

    network: str
    dataset: str
    measured_here: bool = False


class ChoiceReport(Struct, kw_only=True):
    """What ``attnprof pick --format json`` prints."""

    schema: int
    budget: list[str]
    points: list[str]
    pareto: list[str] | UnsetType = UNSET  # the metrics of the front
    rank: list[str] | UnsetType = UNSET  # the metric of the ranks
    published: PublishedPlace
    chosen: list[ChosenModule]
    rejected: list[RejectedModule]  # the nearest first
    closest: str | None  # where nothing fits
    would_fit: list[AdmittingChange]  # where nothing fits
    environment: dict[str, Any]


def data(choice: Choice, environment: Environment, network: str, dataset: str) -> dict[str, Any]:
    """The budget, the points, the chosen, the rejected, what came closest: a ChoiceReport.

    network, dataset: what published figures are of, by key.
    """
    order = [measure.name for measure in choice.by]
    near = None if choice.chosen else closest(choice)
    report = ChoiceReport(
        schema=SCHEMA,
        budget=[str(limit) for limit in choice.budget],
        points=list(choice.points),
        pareto=order if choice.pareto else UNSET,
        rank=UNSET if choice.pareto else order,
        published=PublishedPlace(network, dataset),
        chosen=[_chosen(each) for each in choice.chosen],
        rejected=[_rejection(each, choice) for each in choice.rejected],
        closest=near.candidate.name if near else None,
        would_fit=[] if choice.chosen else _would_fit(choice),
        environment=environment,
    )
    written: dict[str, Any] = to_builtins(report)
    return written


def _would_fit(choice: Choice) -> list[AdmittingChange]:
    """Which limits would admit what."""
    return [
        AdmittingChange(each.candidate.name, {str(limit): str(to) for limit, to in each.changes})
        for each in relaxations(choice)
    ]


def _measured() -> list[Measure]:
    return [measure for measure in measures().values() if measure.column]


def header() -> list[str]:
    """The columns of the CSV."""
    names = [name for measure in _measured() for name in _headings(measure)]
    return ["fits", "rank", "module", "variant", *names, *PUBLISHED_ENDS, "reason"]


def records(choice: Choice) -> list[dict[str, Any]]:
    """One record per candidate, the chosen first: its figures, and the points where it stands worst."""
    everyone: list[Chosen | Rejected] = [*choice.chosen, *choice.rejected]
    return [_record(each, choice) for each in everyone]


def _record(each: Chosen | Rejected, choice: Choice) -> dict[str, Any]:
    fits = isinstance(each, Chosen)
    values: list[Any] = [str(fits).lower(), each.rank or "" if isinstance(each, Chosen) else ""]
    values += [each.candidate.module, each.candidate.variant]
    for measure in _measured():
        values += _figure_values(each, measure)
    values += _published_ends(None if each.candidate.variant else each.candidate.published)
    values.append("" if isinstance(each, Chosen) else why(each, choice))
    return dict(zip(header(), values, strict=True))


def _figure_values(each: Chosen | Rejected, measure: Measure) -> list[Any]:
    """The figure, the ends of its interval, and the point where it stands worst."""
    if measure.name not in each.figures:
        return [""] * len(_headings(measure))
    point, span = each.figures[measure.name]
    ends = ["", ""] if span.rough else [span.low, span.high]
    return [span.value, *(ends if measure.noisy else []), point]


def _headings(measure: Measure) -> list[str]:
    return [*measure.headings, f"{measure.name}_at"]


def _published_ends(evidence: Evidence | None) -> list[Any]:
    if evidence is None:
        return [""] * 4
    gains = [each.gain for each in evidence.gains]
    return [*span(evidence.sound), *([gains[0], gains[-1]] if gains else ["", ""])]


def _chosen(each: Chosen) -> ChosenModule:
    rank, shared = (each.rank, each.shared) if each.rank else (UNSET, UNSET)
    module, variant, name = _names(each)
    figures, limits, published = _judged(each)
    return ChosenModule(
        rank=rank,
        shared=shared,
        module=module,
        variant=variant,
        name=name,
        figures=figures,
        limits=limits,
        published=published,
    )


def _rejection(each: Rejected, choice: Choice) -> RejectedModule:
    return RejectedModule(*_names(each), why(each, choice), *_judged(each))


def _names(each: Chosen | Rejected) -> tuple[str, str, str]:
    return each.candidate.module, each.candidate.variant, each.candidate.name


def _judged(
    each: Chosen | Rejected,
) -> tuple[dict[str, ChoiceFigure], list[ChoiceLimit], list[ChoiceSource]]:
    figures = {
        _headings(measures()[name])[0]: _figure(span, at)
        for name, (at, span) in each.figures.items()
        if measures()[name].column
    }
    return figures, [_verdict(verdict) for verdict in each.verdicts], _evidence(each)


def _figure(span: Span, at: str) -> ChoiceFigure:
    low, high = (None, None) if span.rough else (span.low, span.high)
    return ChoiceFigure(span.value, low, high, at, span.rough)


def _verdict(verdict: Verdict) -> ChoiceLimit:
    ratio = None if isinf(verdict.ratio) else verdict.ratio
    return ChoiceLimit(str(verdict.limit), verdict.point, verdict.holds, ratio, verdict.why or UNSET)


def _evidence(each: Chosen | Rejected) -> list[ChoiceSource]:
    evidence = None if each.candidate.variant else each.candidate.published
    return [
        ChoiceSource(
            metric=figure.metric,
            value=figure.value,
            gain=None if figure.gain is None else str(figure.gain),
            no_gain=figure.no_gain,
            setting=figure.setting,
            recipe=figure.training,
            source=figure.source,
            title=figure.title,
            location=figure.location,
            quoted=figure.secondhand,
        )
        for figure in (evidence.sound if evidence else ())
    ]

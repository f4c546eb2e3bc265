"""A choice for programs: CSV with a record per candidate, and JSON with everything that led to it."""

from math import isinf
from typing import Any

from attnprof.choosing.choice import Choice, Chosen, Rejected, closest, relaxations
from attnprof.choosing.judging import Verdict
from attnprof.choosing.measures import Measure, measures
from attnprof.published import Evidence, span
from attnprof.records.environment import Environment
from attnprof.views.verdicts import why

PUBLISHED_ENDS = ("published_low", "published_high", "gain_low", "gain_high")
SCHEMA = 1


def data(choice: Choice, environment: Environment, network: str, dataset: str) -> dict[str, Any]:
    """The budget, the points, the chosen, the rejected, what came closest.

    network, dataset: what published figures are of, by key.
    """
    return {
        "schema": SCHEMA,
        "budget": [str(limit) for limit in choice.budget],
        "points": list(choice.points),
        "pareto" if choice.pareto else "rank": [measure.name for measure in choice.by],
        "published": {"network": network, "dataset": dataset, "measured_here": False},
        "chosen": [_chosen(each) for each in choice.chosen],
        "rejected": [_rejection(each, choice) for each in choice.rejected],
        **_nearest(choice),
        "environment": environment,
    }


def _nearest(choice: Choice) -> dict[str, Any]:
    """Where nothing fits, what came closest and which limits would admit what."""
    if choice.chosen:
        return {"closest": None, "would_fit": []}
    near = closest(choice)
    would_fit = [
        {"module": each.candidate.name, "changes": {str(limit): str(to) for limit, to in each.changes}}
        for each in relaxations(choice)
    ]
    return {"closest": near.candidate.name if near else None, "would_fit": would_fit}


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


def _chosen(each: Chosen) -> dict[str, Any]:
    rank = {"rank": each.rank, "shared": each.shared} if each.rank else {}
    return {**rank, **_named(each), **_judged(each)}


def _rejection(each: Rejected, choice: Choice) -> dict[str, Any]:
    return {**_named(each), "reason": why(each, choice), **_judged(each)}


def _judged(each: Chosen | Rejected) -> dict[str, Any]:
    figures = {
        _headings(measures()[name])[0]: {
            "value": figure.value,
            "low": None if figure.rough else figure.low,
            "high": None if figure.rough else figure.high,
            "at": at,
            "rough": figure.rough,
        }
        for name, (at, figure) in each.figures.items()
        if measures()[name].column
    }
    limits = [_verdict(verdict) for verdict in each.verdicts]
    return {"figures": figures, "limits": limits, "published": _evidence(each)}


def _named(each: Chosen | Rejected) -> dict[str, Any]:
    return {"module": each.candidate.module, "variant": each.candidate.variant, "name": each.candidate.name}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    ratio = None if isinf(verdict.ratio) else verdict.ratio
    fields = {"limit": str(verdict.limit), "at": verdict.point, "holds": verdict.holds, "ratio": ratio}
    return {**fields, "why": verdict.why} if verdict.why else fields


def _evidence(each: Chosen | Rejected) -> list[dict[str, Any]]:
    evidence = None if each.candidate.variant else each.candidate.published
    return [
        {
            "metric": figure.metric,
            "value": figure.value,
            "gain": None if figure.gain is None else str(figure.gain),
            "no_gain": figure.no_gain,
            "setting": figure.setting,
            "recipe": figure.training,
            "source": figure.source,
            "title": figure.title,
            "location": figure.location,
            "quoted": figure.secondhand,
        }
        for figure in (evidence.sound if evidence else ())
    ]

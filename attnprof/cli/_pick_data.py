"""A choice for programs: JSON with everything in it, CSV with one row per candidate. Base units, digits unrounded."""

import csv
import json
from io import StringIO
from math import isinf
from typing import Any

from attnprof.choosing.choice import Choice, Chosen, Rejected, closest, relaxations
from attnprof.choosing.judging import Verdict
from attnprof.choosing.measures import MEASURES, Measure
from attnprof.choosing.pareto import Span
from attnprof.cli._pick_text import Published, why
from attnprof.environment import Environment
from attnprof.reference import Evidence, span
from attnprof.results import safe_text

SCHEMA = 1


def as_json(choice: Choice, environment: Environment, published: Published) -> str:
    """One object: the budget, the points, the chosen, the rejected, what came closest."""
    near = None if choice.chosen else closest(choice)
    whole = {
        "schema": SCHEMA,
        "budget": [str(limit) for limit in choice.budget],
        "points": list(choice.points),
        "pareto" if choice.pareto else "rank": [measure.name for measure in choice.by],
        "published": {"network": published.network, "dataset": published.dataset, "measured_here": False},
        "chosen": [_chosen(each) for each in choice.chosen],
        "rejected": [_rejected(each, choice) for each in choice.rejected],
        "closest": near and near.candidate.name,
        "would_fit": [
            {"module": each.candidate.name, "changes": {str(limit): str(to) for limit, to in each.changes}}
            for each in ([] if choice.chosen else relaxations(choice))
        ],
        "environment": environment,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False)


def as_csv(choice: Choice, environment: Environment, published: Published) -> str:
    """One row per candidate, the chosen first: figures at the point where it stands worst, with that point."""
    measures = [measure for measure in MEASURES.values() if measure.column]
    out = StringIO()
    table = csv.writer(out, lineterminator="\n")
    names = [name for measure in measures for name in _headings(measure)]
    published_as = ["published_low", "published_high", "gain_low", "gain_high"]
    table.writerow(["fits", "rank", "module", "variant", *names, *published_as, "reason"])
    everyone: list[Chosen | Rejected] = [*choice.chosen, *choice.rejected]
    for each in everyone:
        fits = isinstance(each, Chosen)
        row: list[Any] = [str(fits).lower(), each.rank or "" if isinstance(each, Chosen) else ""]
        row += [safe_text(each.candidate.module), safe_text(each.candidate.variant)]
        for measure in measures:
            at, figure = each.figures.get(measure.name, ("", Span.exact(0)))
            ends = [figure.low, figure.high] if measure.noisy else []
            row += [figure.value, *ends, at] if at else [""] * len(_headings(measure))
        row += _published_ends(None if each.candidate.variant else each.candidate.published)
        table.writerow([*row, "" if isinstance(each, Chosen) else safe_text(why(each, choice))])
    return out.getvalue().rstrip("\n")


def _headings(measure: Measure) -> list[str]:
    name, suffix = measure.name, measure.kind.suffix
    ends = [f"{name}_ci_low{suffix}", f"{name}_ci_high{suffix}"] if measure.noisy else []
    return [name + suffix, *ends, f"{name}_at"]


def _published_ends(found: Evidence | None) -> list[str]:
    if found is None:
        return [""] * 4
    gains = [str(each.gain) for each in found.gains] or [""]
    return [*span(found.sound), gains[0], gains[-1]]


def _chosen(each: Chosen) -> dict[str, Any]:
    rank = {"rank": each.rank, "shared": each.shared} if each.rank else {}
    return {**rank, **_named(each), **_judged(each)}


def _rejected(each: Rejected, choice: Choice) -> dict[str, Any]:
    return {**_named(each), "reason": why(each, choice), **_judged(each)}


def _judged(each: Chosen | Rejected) -> dict[str, Any]:
    figures = {
        _headings(MEASURES[name])[0]: {"value": found.value, "low": found.low, "high": found.high, "at": at}
        for name, (at, found) in each.figures.items()
        if MEASURES[name].column
    }
    limits = [_verdict(verdict) for verdict in each.verdicts]
    return {"figures": figures, "limits": limits, "published": _evidence(each)}


def _named(each: Chosen | Rejected) -> dict[str, Any]:
    return {"module": each.candidate.module, "variant": each.candidate.variant, "name": each.candidate.name}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    ratio = None if isinf(verdict.ratio) else verdict.ratio
    found = {"limit": str(verdict.limit), "at": verdict.point, "holds": verdict.holds, "ratio": ratio}
    return {**found, "why": verdict.why} if verdict.why else found


def _evidence(each: Chosen | Rejected) -> list[dict[str, Any]]:
    found = None if each.candidate.variant else each.candidate.published
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
        for figure in (found.sound if found else ())
    ]

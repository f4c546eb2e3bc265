"""A choice as people read it: the table of what fits, what is published of it, who was rejected, what would have to give."""

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from math import isinf
from textwrap import fill
from typing import Any

from attnprof.choosing.choice import Choice, Chosen, Rejected, closest, relaxations
from attnprof.choosing.judging import Verdict, counts
from attnprof.choosing.measures import Measure, measures
from attnprof.choosing.pareto import Span
from attnprof.published import TOP1, Evidence, metric_of, span, title_of
from attnprof.records.environment import Environment
from attnprof.results.columns import Column
from attnprof.results.table import safe_text
from attnprof.units import show_share, significant
from attnprof.views.sheet import Sheet

USUAL = ("params", "macs", "latency", "memory")
NAMED = 6  # of a list of rejected modules, before the rest is counted


@dataclass(frozen=True)
class Published:
    """What network and dataset the published figures are of, by key."""

    network: str
    dataset: str

    @property
    def caption(self) -> list[str]:
        """What the headings mean."""
        place = title_of(self.network, self.dataset)
        return [
            f"published: {metric_of(self.network, self.dataset)} of {place}; not measured here, recipes differ. Sources: attnprof show NAME",
            "gain: over the plain network, only where that was trained with the same recipe.",
        ]


def sheet_of(choice: Choice, published: Published) -> Sheet:
    """The table of what fits. A figure is that of the point at which the module stands worst."""
    asked = [limit.measure for limit in choice.budget] + list(choice.by)
    shown = [m for m in dict.fromkeys([*(measures()[name] for name in USUAL), *asked]) if m.column]
    notes: dict[str, int] = {}
    columns: list[tuple[Column, Callable[[Chosen], str]]]
    columns = [] if choice.pareto else [(Column("rank", "rank", 100, _nothing, right=False), _rank)]
    columns.append((Column("module", "module", 100, _nothing, right=False), lambda each: each.candidate.name))
    for n, measure in enumerate(shown):
        keep = (90 if measure in asked else 60) - n
        columns.append((Column(measure.name, measure.title, keep, _nothing), _writer(measure)))
    if choice.budget:
        columns.append((Column("headroom", "headroom", 75, _nothing, right=False), _headroom))
    columns.append((Column("published", "published", 80, _nothing), lambda each: _accuracy(each, notes)))
    columns.append((Column("gain", "gain", 79, _nothing), _gain))
    cells = [[write(each) for _, write in columns] for each in choice.chosen]
    kept = [n for n in range(len(columns)) if any(row[n] for row in cells)]
    footnotes = [f"[{number}] {text}" for text, number in notes.items()]
    return Sheet([columns[n][0] for n in kept], [[row[n] for n in kept] for row in cells], footnotes)


def _nothing(row: object) -> str:
    return ""


def _rank(each: Chosen) -> str:
    return f"{each.rank}{'=' if each.shared else ''}"


def _writer(measure: Measure) -> Callable[[Chosen], str]:
    def write(each: Chosen) -> str:
        if measure.name not in each.figures:
            return ""
        return show_span(each.figures[measure.name][1], measure)

    return write


def show_span(found: Span, measure: Measure) -> str:
    """A figure with what its interval adds: '0.31 ms ± 1.0 %'."""
    share = max(found.high - found.value, found.value - found.low) / found.value if found.value else 0
    noise = f" ± {show_share(share)}" if found.low < found.high and measure.column else ""
    return measure.show(found.value) + noise


def _headroom(each: Chosen) -> str:
    tightest = sorted(each.verdicts, key=lambda verdict: verdict.headroom)
    return ", ".join(f"{v.limit.measure.title} {show_share(v.headroom)}" for v in tightest)


def _accuracy(each: Chosen, notes: dict[str, int]) -> str:
    found = _of(each)
    if found is None:
        return ""
    number = notes.setdefault(f"{each.candidate.name}: {cited(found)}", len(notes) + 1)
    return f"{_between(*span(found.sound))} [{number}]"


def _gain(each: Chosen) -> str:
    found = _of(each)
    gains = found.gains if found else ()
    return _between(*(f"{gains[end].gain:+}" for end in (0, -1))) if gains else ""


def _of(each: Chosen) -> Evidence | None:
    return None if each.candidate.variant else each.candidate.published


def _between(low: str, high: str) -> str:
    low, high = _two_places(low), _two_places(high)
    return low if low == high else f"{low} to {high}"


def _two_places(printed: str) -> str:
    value = Decimal(printed)
    return f"{value.quantize(Decimal('0.01')) if -int(value.as_tuple().exponent) > 2 else value:{'+' if printed[0] in '+-' else ''}}"


def cited(found: Evidence) -> str:
    """Where the ends of a range come from, and the gains, or why there are none."""
    low, high = found.sound[0], found.sound[-1]
    ends = dict.fromkeys(f"{_two_places(each.value)} {each.short}" for each in (low, high))
    metric = "" if low.metric == TOP1 else f"{low.metric} "
    many = f", {len(found.sound)} figures" if len(found.sound) > 2 else ""
    gains: dict[str, list[str]] = {}
    for each in found.gains:
        gains.setdefault(each.short, []).append(_two_places(f"{each.gain:+}"))
    alike = ", ".join(f"{', '.join(points)} {source}" for source, points in gains.items())
    reasons = "; ".join(dict.fromkeys(each.no_gain for each in found.sound))
    return f"{metric}{' to '.join(ends)}{many}; " + (
        f"gain {alike}" if gains else f"no gain shown: {reasons}"
    )


def below(choice: Choice, width: int, everyone: bool = False) -> str:
    """What stands under the table, or in its place: the rejected, and where nothing fits what would have to give."""
    parts = []
    if not choice.chosen:
        parts.append(fill(_nothing_fits(choice), width))
        parts.extend(fill(line, width, subsequent_indent="  ") for line in _would_have_to_give(choice))
    if everyone:
        parts.append(
            "\n".join(
                ["rejected:", *(f"  {each.candidate.name}: {why(each, choice)}" for each in choice.rejected)]
            )
        )
    else:
        parts.extend(fill(line, width, subsequent_indent="  ") for line in _rejected(choice))
    return "\n".join(part for part in parts if part)


def _rejected(choice: Choice) -> list[str]:
    judged = [f"{each.candidate.name} ({why(each, choice)})" for each in choice.rejected if each.judged]
    lines = [f"rejected: {_first(judged)}"] if judged else []
    reasons: dict[str, list[str]] = {}
    for each in choice.rejected:
        if not each.judged:
            text = each.why or broken([v for v in each.verdicts if v.span is None][:1], choice.points)
            reasons.setdefault(text, []).append(each.candidate.name)
    return lines + [f"{text}: {_first(names)}" for text, names in reasons.items()]


def _first(texts: Sequence[str]) -> str:
    more = len(texts) - NAMED
    return ", ".join([*texts[:NAMED], *([f"and {more} more (--rejected shows all)"] if more > 0 else [])])


def why(each: Rejected, choice: Choice) -> str:
    """Why a module is not in the answer, in a few words."""
    return each.why or broken(each.broken, choice.points)


def broken(verdicts: Sequence[Verdict], points: Sequence[str]) -> str:
    """Limits that do not hold: 'latency 1.24 ms, params 17 361 at 256@56'; 'latency 1.35x:se'; or why they cannot be judged.

    A point is named where there are several.
    """
    texts: list[str] = []
    for n, verdict in enumerate(verdicts):
        named = len(points) > 1 and verdict.limit.measure.column
        ends = n + 1 == len(verdicts) or verdicts[n + 1].point != verdict.point
        texts.append(_figure(verdict) + (f" at {verdict.point}" if named and ends else ""))
    return ", ".join(texts)


def _figure(verdict: Verdict) -> str:
    limit, measure = verdict.limit, verdict.limit.measure
    if verdict.span is None:
        return f"{measure.title}: {verdict.why}"
    if limit.reference and verdict.needed is not None:
        return f"{measure.title} {significant(float(verdict.needed))}x:{limit.reference}"
    return f"{measure.title} {measure.show(counts(verdict.span, measure))}"


def _nothing_fits(choice: Choice) -> str:
    near = closest(choice)
    if near is None:
        return "nothing fits, and nothing could be judged by this budget."
    fits = [f"{_figure(verdict)} fits" for verdict in near.kept]
    over = [f"{broken([verdict], choice.points)} is {excess(verdict)}" for verdict in near.broken]
    return f"nothing fits. closest: {near.candidate.name} ({'; '.join([*fits, *over])})"


def excess(verdict: Verdict) -> str:
    """How far a limit is broken: '12 % over', '310x the limit', '0.5 % below the limit'."""
    if isinf(verdict.ratio):
        return "more than any multiple of the limit"
    if verdict.limit.measure.more:
        return f"{show_share(1 - 1 / verdict.ratio)} below the limit"
    return (
        f"{show_share(verdict.ratio - 1)} over"
        if verdict.ratio < 2
        else f"{significant(verdict.ratio)}x the limit"
    )


def _would_have_to_give(choice: Choice) -> list[str]:
    lines = []
    for each in relaxations(choice):
        changes = " and ".join(f"{limit} -> {to.bound}" for limit, to in each.changes)
        lines.append(f"would fit with {changes}: {each.candidate.name}")
    return lines


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
        "rejected": [_rejection(each, choice) for each in choice.rejected],
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
    measured = [measure for measure in measures().values() if measure.column]
    out = StringIO()
    table = csv.writer(out, lineterminator="\n")
    names = [name for measure in measured for name in _headings(measure)]
    published_as = ["published_low", "published_high", "gain_low", "gain_high"]
    table.writerow(["fits", "rank", "module", "variant", *names, *published_as, "reason"])
    everyone: list[Chosen | Rejected] = [*choice.chosen, *choice.rejected]
    for each in everyone:
        fits = isinstance(each, Chosen)
        row: list[Any] = [str(fits).lower(), each.rank or "" if isinstance(each, Chosen) else ""]
        row += [safe_text(each.candidate.module), safe_text(each.candidate.variant)]
        for measure in measured:
            at, figure = each.figures.get(measure.name, ("", Span.exact(0)))
            ends = [figure.low, figure.high] if measure.noisy else []
            row += [figure.value, *ends, at] if at else [""] * len(_headings(measure))
        row += _published_ends(None if each.candidate.variant else each.candidate.published)
        table.writerow([*row, "" if isinstance(each, Chosen) else safe_text(why(each, choice))])
    return out.getvalue().rstrip("\n")


def _headings(measure: Measure) -> list[str]:
    return [*measure.headings, f"{measure.name}_at"]


def _published_ends(found: Evidence | None) -> list[str]:
    if found is None:
        return [""] * 4
    gains = [str(each.gain) for each in found.gains] or [""]
    return [*span(found.sound), gains[0], gains[-1]]


def _chosen(each: Chosen) -> dict[str, Any]:
    rank = {"rank": each.rank, "shared": each.shared} if each.rank else {}
    return {**rank, **_named(each), **_judged(each)}


def _rejection(each: Rejected, choice: Choice) -> dict[str, Any]:
    return {**_named(each), "reason": why(each, choice), **_judged(each)}


def _judged(each: Chosen | Rejected) -> dict[str, Any]:
    figures = {
        _headings(measures()[name])[0]: {"value": found.value, "low": found.low, "high": found.high, "at": at}
        for name, (at, found) in each.figures.items()
        if measures()[name].column
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

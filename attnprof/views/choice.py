"""A choice as a document: what fits, what is published of it, what was rejected, what would have to give."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import isinf
from typing import Any

from attnprof.choosing.budget import Limit
from attnprof.choosing.choice import Choice, Chosen, Rejected, closest, relaxations
from attnprof.choosing.judging import Verdict, counts
from attnprof.choosing.measures import Measure, measures
from attnprof.metrics import METRICS
from attnprof.published import TOP1, Evidence, metric_of, span, title_of
from attnprof.records.environment import Environment
from attnprof.results import Results
from attnprof.units import show_share, significant
from attnprof.views.caption import caption
from attnprof.views.document import Document, Remark, TableCell, TableColumn
from attnprof.views.evidence import between, two_places
from attnprof.views.unsettled import unsettled

USUAL = ("params", "macs", "latency", "memory")
PUBLISHED_ENDS = ("published_low", "published_high", "gain_low", "gain_high")
ROUGHLY = "~"  # before a figure of which no interval is known
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
        metric = metric_of(self.network, self.dataset)
        return [
            f"published: {metric} of {place}; not measured here, recipes differ. Sources: attnprof show NAME",
            "gain: over the plain network, only where that was trained with the same recipe.",
        ]


def document(
    choice: Choice, results: Results, budget: str, published: Published, everyone: bool = False
) -> Document:
    """The answer to a budget. A figure is that of the point at which the module stands worst.

    budget: the run and the budget in words. everyone: name every rejected module, each on a line.
    """
    below = [*_below(choice, everyone), *unsettled(choice, results)]
    data = partial(_data, choice, results.environment, published)
    records = partial(_records, choice)
    if not choice.chosen:
        return Document(above=[Remark(budget)], below=below, header=_header(), records=records, data=data)
    notes: dict[str, int] = {}
    columns, rows = _table(choice, notes)
    return Document(
        columns=columns,
        rows=rows,
        above=_above(choice, results, budget, published, columns),
        footnotes=[f"[{number}] {text}" for text, number in notes.items()],
        below=below,
        header=_header(),
        records=records,
        data=data,
    )


def _above(
    choice: Choice, results: Results, budget: str, published: Published, columns: Sequence[TableColumn]
) -> list[Remark]:
    """Budget, order and conditions, and what the columns mean."""
    titles = " and ".join(measure.title for measure in choice.by)
    order = f"ranked by {titles}; modules that the noise does not tell apart share a rank"
    if choice.pareto:
        order = f"Pareto-optimal in {titles}"
    remarks = [Remark(budget), Remark(order)]
    timed = {column.name for column in columns if column.name in ("latency", "train_latency")}
    latency = TableColumn(METRICS.get("latency").column, "latency", "seconds")
    for remark in caption(results, [latency] if timed else []):
        remarks.append(replace(remark, about=frozenset(timed)) if remark.about else remark)
    if timed:
        remarks.append(Remark("A latency counts by the upper end of its interval.", frozenset(timed)))
    if len(choice.points) > 1:
        remarks.append(Remark("Figures are of the point at which a module stands worst."))
    about = frozenset(["published"])
    return remarks + [Remark(line, about) for line in published.caption]


def _table(choice: Choice, notes: dict[str, int]) -> tuple[list[TableColumn], list[list[TableCell]]]:
    """Columns and rows of what fits; a column in which no module has anything is left out.

    notes: text -> number.
    """
    limited = [limit.measure for limit in choice.budget] + list(choice.by)
    usual = [measures()[name] for name in USUAL]
    shown = [measure for measure in dict.fromkeys([*usual, *limited]) if measure.column]
    columns = [] if choice.pareto else [TableColumn("rank", "rank", right=False)]
    columns.append(TableColumn("module", "module", right=False))
    for n, measure in enumerate(shown):
        keep = (90 if measure in limited else 60) - n
        columns.append(TableColumn(measure.name, measure.title, measure.kind, keep))
    if choice.budget:
        columns.append(TableColumn("headroom", "headroom", keep=75, right=False))
    columns += [TableColumn("published", "published", keep=80), TableColumn("gain", "gain", keep=79)]
    rows = [_row(each, choice, shown, notes) for each in choice.chosen]
    filled = [n for n in range(len(columns)) if any(row[n].value is not None for row in rows)]
    return [columns[n] for n in filled], [[row[n] for n in filled] for row in rows]


def _row(each: Chosen, choice: Choice, shown: Sequence[Measure], notes: dict[str, int]) -> list[TableCell]:
    cells = [] if choice.pareto else [TableCell(f"{each.rank}{'=' if each.shared else ''}")]
    cells.append(TableCell(each.candidate.name))
    cells += [_figure_cell(each, measure) for measure in shown]
    if choice.budget:
        cells.append(TableCell(_headroom(each)))
    return [*cells, TableCell(_accuracy(each, notes) or None), TableCell(_gain(each) or None)]


def _figure_cell(each: Chosen, measure: Measure) -> TableCell:
    if measure.name not in each.figures:
        return TableCell()
    span = each.figures[measure.name][1]
    if span.rough:
        return TableCell(span.value, sign=ROUGHLY)
    return TableCell(span.value, (span.low, span.high) if span.low < span.high else None)


def _headroom(each: Chosen) -> str:
    tightest = sorted(each.verdicts, key=lambda verdict: verdict.headroom)
    return ", ".join(f"{v.limit.measure.title} {show_share(v.headroom)}" for v in tightest)


def _accuracy(each: Chosen, notes: dict[str, int]) -> str:
    evidence = _of(each)
    if evidence is None:
        return ""
    number = notes.setdefault(f"{each.candidate.name}: {cited(evidence)}", len(notes) + 1)
    return f"{between(*span(evidence.sound))} [{number}]"


def _gain(each: Chosen) -> str:
    evidence = _of(each)
    gains = evidence.gains if evidence else ()
    return between(*(f"{gains[end].gain:+}" for end in (0, -1))) if gains else ""


def _of(each: Chosen) -> Evidence | None:
    return None if each.candidate.variant else each.candidate.published


def cited(evidence: Evidence) -> str:
    """Where the ends of a range come from, and the gains, or why there are none."""
    low, high = evidence.sound[0], evidence.sound[-1]
    ends = dict.fromkeys(f"{two_places(each.value)} {each.short}" for each in (low, high))
    metric = "" if low.metric == TOP1 else f"{low.metric} "
    many = f", {len(evidence.sound)} figures" if len(evidence.sound) > 2 else ""
    gains: dict[str, list[str]] = {}
    for each in evidence.gains:
        gains.setdefault(each.short, []).append(two_places(f"{each.gain:+}"))
    alike = ", ".join(f"{', '.join(points)} {source}" for source, points in gains.items())
    reasons = "; ".join(dict.fromkeys(each.no_gain for each in evidence.sound))
    return f"{metric}{' to '.join(ends)}{many}; " + (
        f"gain {alike}" if gains else f"no gain shown: {reasons}"
    )


def _below(choice: Choice, everyone: bool) -> list[str]:
    """The lines under the table: the rejected, and where nothing fits what would have to give."""
    lines = [] if choice.chosen else [_nothing_fits(choice), *_would_have_to_give(choice)]
    if not everyone:
        return lines + _rejected(choice)
    return [
        *lines,
        "rejected:",
        *(f"  {each.candidate.name}: {why(each, choice)}" for each in choice.rejected),
    ]


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
    """Limits that do not hold: 'latency 1.24 ms, params 17 361 at 256@56'; 'latency 1.35x:se'.

    Or why they cannot be judged.

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
    if verdict.span.rough:
        return f"{measure.title} {ROUGHLY}{measure.show(verdict.span.value)}"
    return f"{measure.title} {measure.show(counts(verdict.span, measure))}"


def _nothing_fits(choice: Choice) -> str:
    near = closest(choice)
    if near is None:
        return "nothing fits, and nothing could be judged by this budget."
    fits = [f"{_figure(verdict)} fits" for verdict in near.holding]
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
        changes = [_change(limit.measure, to) for limit, to in each.changes]
        lines.append(f"{' and '.join(changes)} to admit {each.candidate.name}")
    return lines


def _change(measure: Measure, to: Limit) -> str:
    """What to do to an option: 'raise --max-latency to 824us'."""
    verb, end = ("lower", "min") if measure.more else ("raise", "max")
    return f"{verb} --{end}-{measure.name.replace('_', '-')} to {to.bound}"


SCHEMA = 1


def _data(choice: Choice, environment: Environment, published: Published) -> dict[str, Any]:
    """The budget, the points, the chosen, the rejected, what came closest."""
    near = None if choice.chosen else closest(choice)
    return {
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


def _measured() -> list[Measure]:
    return [measure for measure in measures().values() if measure.column]


def _header() -> list[str]:
    """The columns of the CSV."""
    names = [name for measure in _measured() for name in _headings(measure)]
    return ["fits", "rank", "module", "variant", *names, *PUBLISHED_ENDS, "reason"]


def _records(choice: Choice) -> list[dict[str, Any]]:
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
    return dict(zip(_header(), values, strict=True))


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

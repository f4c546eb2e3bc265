"""A choice as a document: what fits, what is published of it, what was rejected, what would have to give."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from attnprof.choosing.choice import Choice, Chosen, closest, relaxations
from attnprof.choosing.measures import Measure, measures
from attnprof.metrics import METRICS
from attnprof.published import TOP1, Evidence, metric_of, span, title_of
from attnprof.results import Results
from attnprof.units import show_share
from attnprof.views.caption import caption
from attnprof.views.choice_data import data, header, records
from attnprof.views.document import Document, Remark, TableCell, TableColumn
from attnprof.views.evidence import between, two_places
from attnprof.views.unsettled import unsettled
from attnprof.views.verdicts import ROUGHLY, broken, change, excess, judged_figure, why

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
    notes: dict[str, int] = {}
    columns, rows = _table(choice, notes) if choice.chosen else ([], [])
    return Document(
        columns=columns,
        rows=rows,
        above=_above(choice, results, budget, published, columns) if choice.chosen else [Remark(budget)],
        footnotes=[f"[{number}] {text}" for text, number in notes.items()],
        below=below,
        header=header(),
        records=partial(records, choice),
        data=partial(data, choice, results.environment, published.network, published.dataset),
    )


def _above(
    choice: Choice, results: Results, budget: str, published: Published, columns: Sequence[TableColumn]
) -> list[Remark]:
    """Budget, order and conditions, and what the columns mean."""
    remarks = [Remark(budget), Remark(_order(choice)), *_on_latencies(results, columns)]
    if len(choice.points) > 1:
        remarks.append(Remark("Figures are of the point at which a module stands worst."))
    about = frozenset(["published"])
    return remarks + [Remark(line, about) for line in published.caption]


def _order(choice: Choice) -> str:
    titles = " and ".join(measure.title for measure in choice.by)
    if choice.pareto:
        return f"Pareto-optimal in {titles}"
    return f"ranked by {titles}; modules that the noise does not tell apart share a rank"


def _on_latencies(results: Results, columns: Sequence[TableColumn]) -> list[Remark]:
    """The conditions of the run, and of the latencies among ``columns`` what they are and how they count."""
    timed = frozenset({"latency", "train_latency"} & {column.name for column in columns})
    if not timed:
        return caption(results, [])
    latency = TableColumn(METRICS.get("latency").column, "latency", "seconds")
    remarks = [
        replace(remark, about=timed) if remark.about else remark for remark in caption(results, [latency])
    ]
    return [*remarks, Remark("A latency counts by the upper end of its interval.", timed)]


@dataclass(frozen=True)
class ChoiceColumn:
    """A column of the table, and what of a module stands in it."""

    column: TableColumn
    cell: Callable[[Chosen], TableCell]


def _table(choice: Choice, notes: dict[str, int]) -> tuple[list[TableColumn], list[list[TableCell]]]:
    """Columns and rows of what fits; a column in which no module has anything is left out.

    notes: text -> number.
    """
    columns = _columns(choice, notes)
    rows = [[each.cell(chosen) for each in columns] for chosen in choice.chosen]
    filled = [n for n in range(len(columns)) if any(row[n].value is not None for row in rows)]
    return [columns[n].column for n in filled], [[row[n] for n in filled] for row in rows]


def _columns(choice: Choice, notes: dict[str, int]) -> list[ChoiceColumn]:
    """Every column that the answer may have, from left to right."""
    rank = ChoiceColumn(TableColumn("rank", "rank", right=False), _rank)
    headroom = ChoiceColumn(TableColumn("headroom", "headroom", keep=75, right=False), _headroom)
    accuracy = partial(_accuracy, notes=notes)
    return [
        *([] if choice.pareto else [rank]),
        ChoiceColumn(TableColumn("module", "module", right=False), _name),
        *_figure_columns(choice),
        *([headroom] if choice.budget else []),
        ChoiceColumn(TableColumn("published", "published", keep=80), accuracy),
        ChoiceColumn(TableColumn("gain", "gain", keep=79), _gain),
    ]


def _figure_columns(choice: Choice) -> list[ChoiceColumn]:
    """The usual measures, then those of the budget and of the order, which stay longer where it is narrow."""
    wanted = [*(limit.measure for limit in choice.budget), *choice.by]
    usual = [measures()[name] for name in USUAL]
    shown = [measure for measure in dict.fromkeys([*usual, *wanted]) if measure.column]
    columns = []
    for n, measure in enumerate(shown):
        keep = (90 if measure in wanted else 60) - n
        column = TableColumn(measure.name, measure.title, measure.kind, keep)
        columns.append(ChoiceColumn(column, partial(_figure, measure=measure)))
    return columns


def _rank(each: Chosen) -> TableCell:
    return TableCell(f"{each.rank}{'=' if each.shared else ''}")


def _name(each: Chosen) -> TableCell:
    return TableCell(each.candidate.name)


def _figure(each: Chosen, measure: Measure) -> TableCell:
    if measure.name not in each.figures:
        return TableCell()
    span = each.figures[measure.name][1]
    if span.rough:
        return TableCell(span.value, sign=ROUGHLY)
    return TableCell(span.value, (span.low, span.high) if span.low < span.high else None)


def _headroom(each: Chosen) -> TableCell:
    tightest = sorted(each.verdicts, key=lambda verdict: verdict.headroom)
    shares = [f"{verdict.limit.measure.title} {show_share(verdict.headroom)}" for verdict in tightest]
    return TableCell(", ".join(shares))


def _accuracy(each: Chosen, notes: dict[str, int]) -> TableCell:
    """What is published of it, with the number of the note that says where."""
    evidence = _evidence(each)
    if evidence is None:
        return TableCell()
    number = notes.setdefault(f"{each.candidate.name}: {cited(evidence)}", len(notes) + 1)
    return TableCell(f"{between(*span(evidence.sound))} [{number}]")


def _gain(each: Chosen) -> TableCell:
    evidence = _evidence(each)
    if evidence is None or not evidence.gains:
        return TableCell()
    least, most = evidence.gains[0], evidence.gains[-1]
    return TableCell(between(f"{least.gain:+}", f"{most.gain:+}"))


def _evidence(each: Chosen) -> Evidence | None:
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


def _nothing_fits(choice: Choice) -> str:
    near = closest(choice)
    if near is None:
        return "nothing fits, and nothing could be judged by this budget."
    fits = [f"{judged_figure(verdict)} fits" for verdict in near.holding]
    over = [f"{broken([verdict], choice.points)} is {excess(verdict)}" for verdict in near.broken]
    return f"nothing fits. closest: {near.candidate.name} ({'; '.join([*fits, *over])})"


def _would_have_to_give(choice: Choice) -> list[str]:
    lines = []
    for each in relaxations(choice):
        changes = [change(limit.measure, to) for limit, to in each.changes]
        lines.append(f"{' and '.join(changes)} to admit {each.candidate.name}")
    return lines

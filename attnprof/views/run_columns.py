"""The columns in which a person is shown results: identities, metrics, ratios and increases."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from attnprof.choosing.latency_ranks import is_rough
from attnprof.errors import UsageError, nearest
from attnprof.metrics import METRICS, Metric, aliases, in_order, plain_name
from attnprof.metrics import columns as metric_columns
from attnprof.records.case import CONDITIONS
from attnprof.results import Results
from attnprof.results.baseline import ADDED, OVER, SHARE, UNCLEAR, costs
from attnprof.results.columns import Row, places, size, title, varying
from attnprof.results.pivot import pivot_key
from attnprof.results.ranks import RANK, TIES
from attnprof.units import KindName, show_count, significant
from attnprof.views.document import TableCell, TableColumn

ABOUT = "≈"  # before a ratio of latencies that the noise does not tell apart
AT_LEAST = "≥"  # before a count that leaves something out
ADDED_SHARES = {
    "params": 75,
    "macs": 92,
    "latency": 94,
}  # metrics whose increase in a network is shown -> keep
INSIDE_HIDDEN = ("flops",)  # in a network the increases need the width more
BESIDE_HIDDEN = ("flops",)  # a page has no room for these where rows stand side by side
PAGE_HIDDEN = ("efficiency",)  # nor for these in any table
BETWEEN_RUNTIMES = ("params", "macs", "latency")  # what is shown of runtimes side by side, with the ranks


@dataclass(frozen=True)
class RunColumn:
    """A column of the table of a run."""

    column: TableColumn
    cell: Callable[[int, Row], TableCell]
    identity: bool = False  # whether it says what a row is, and not what was measured of it

    @property
    def name(self) -> str:
        """The column of results.csv behind it."""
        return self.column.name


def _field(name: str) -> Callable[[int, Row], TableCell]:
    return lambda number, row: TableCell(None if row.get(name) in (None, "") else str(row[name]))


def _identity(name: str, heading: str, right: bool = False) -> RunColumn:
    return RunColumn(TableColumn(name, heading, right=right), _field(name), identity=True)


VERSUS = METRICS.get("vs_baseline").column
_UNIT = re.compile(r" \([^()]*\)$")  # behind the title in a column of one unit: 'latency (ms)'
ON_SCREEN = {"images/s": METRICS.get("throughput").column, "+ latency": f"{ADDED}latency_s"}
HEADINGS = {"execution": "runtime"}  # of conditions that are called otherwise in the CSV
IDENTITIES = (
    _identity("host", "network"),
    _identity("channels", "C", right=True),
    replace(_identity("size", "HxW", right=True), cell=lambda number, row: TableCell(size(row))),
    _identity("mode", "mode"),
    _identity("device_name", "device"),
    *(_identity(name, HEADINGS.get(name, name), right=name == "batch") for name in CONDITIONS),
    replace(_identity("module", "module"), cell=lambda number, row: TableCell(title(row))),
    _identity("place", "place"),
)
# What says something of a row's identity besides: shown once where rows stand side by side.
ALSO_IDENTITY = ("height", "width", "variant", "hyperparameters", "family")


def _rank(number: int, row: Row) -> TableCell:
    """A row's rank: '3 ', '3=' where others share it, '~3' by a rough figure."""
    if row.get(RANK) is None:
        return TableCell()
    return TableCell(f"~{row[RANK]} " if is_rough(row) else f"{row[RANK]}{'=' if row[TIES] else ' '}")


RANKS = RunColumn(TableColumn(RANK, "rank", keep=94), _rank)


def chosen_columns(results: Results, names: Sequence[str], pivot: str) -> list[RunColumn]:
    """The columns of the table: those that ``names`` names, else the identities and every metric shown.

    Each cost that is also a multiple of a baseline has that ratio behind it. Raises UsageError for an unknown
    name.
    """
    columns = [_named(results, name) for name in names] if names else _default(results, pivot)
    shown = {column.name for column in columns}
    together: list[RunColumn] = []
    for column in columns:
        ratios = [ratio for ratio in _ratios(results, column.name) if ratio.name not in shown]
        together += [column, *ratios]
    return together


def _named(results: Results, text: str) -> RunColumn:
    name = resolve(results, text)
    column = next((identity for identity in IDENTITIES if identity.name == name), None) or _column(
        results, name
    )
    return replace(column, column=replace(column.column, on_page=True, is_chosen=True))


def resolve(results: Results, text: str, option: str = "--columns") -> str:
    """The column of results that ``text`` names: by its heading, shown or in CSV, or by any name of its
    metric, in small or large letters, with its unit or without.

    Raises UsageError.
    """
    identities = {identity.name for identity in IDENTITIES}
    if text in results.frame.columns or text in identities:
        return text
    headings = _headings(results)
    names = {alias: METRICS.get(name).column for alias, name in aliases().items()}
    by_name = {**{plain_name(str(name)): str(name) for name in results.frame.columns}, **names, **headings}
    key = plain_name(_UNIT.sub("", text))
    if key in by_name:
        return by_name[key]
    hint = nearest(text, [*map(str, results.frame.columns), *identities, *names])
    raise UsageError(f"{option}: no column {text!r}. {hint}".rstrip())


def _headings(results: Results) -> dict[str, str]:
    """What stands above a column, as ``plain_name`` writes it -> the column of results."""
    headings = {identity.column.title: identity.name for identity in IDENTITIES}
    headings |= ON_SCREEN
    headings |= {f"{METRICS.get(name).title} +%": f"{ADDED}{name}{SHARE}" for name in ADDED_SHARES}
    headings |= {f"vs {name}": VERSUS for name in baselines(results)}
    for column in costs():
        headings |= {ratio.column.heading: ratio.name for ratio in _ratios(results, column)}
    return {plain_name(heading): name for heading, name in headings.items()}


def baselines(results: Results) -> list[str]:
    """The modules that the latencies of a run are ratios to, each once."""
    return list(dict.fromkeys(row["baseline"] for row in results.rows() if row.get("baseline")))


def _column(results: Results, name: str) -> RunColumn:
    """The column ``name`` of the frame, or of a metric that the run does not have."""
    if name == RANK:
        return RANKS
    owner = metric_columns().get(name)
    if name == VERSUS and (over := baselines(results)):
        return _of_metric(replace(METRICS.get("vs_baseline"), title=f"vs {', '.join(over)}"))
    if owner is not None:
        return _of_metric(METRICS.get(owner))
    for metric in costs().values():
        if name.startswith(metric.name + OVER):
            return _ratio(results, name, metric)
    for metric in map(METRICS.get, ADDED_SHARES):
        if name == f"{ADDED}{metric.name}{SHARE}":
            return _added(metric)
    kind = results.kinds.get(name, "text")
    cell = _field(name) if kind == "text" else _number(name)
    column = TableColumn(name, name, kind, keep=2, right=kind != "text")
    return RunColumn(column, cell, identity=name in ALSO_IDENTITY)


def _number(name: str) -> Callable[[int, Row], TableCell]:
    return lambda number, row: TableCell(row.get(name))


def _of_metric(metric: Metric) -> RunColumn:
    """A metric's column."""
    kind: KindName = "text" if metric.over else metric.kind
    column = TableColumn(
        metric.column,
        metric.title,
        kind,
        metric.keep,
        right=metric.kind != "text" or metric.name == "output_shape",
        on_page=not metric.over and metric.name not in PAGE_HIDDEN,
    )
    return RunColumn(column, _divided(metric) if metric.over else _figure(metric))


def _figure(metric: Metric) -> Callable[[int, Row], TableCell]:
    """A metric's cell: its figure, its interval, and a sign where it is a lower bound."""

    def cell(number: int, row: Row) -> TableCell:
        value = row.get(metric.column)
        if value is None:
            return TableCell()
        if isinstance(value, str):
            return TableCell(metric.show(value) if metric.show else value)
        bound = metric.lower_bound and str(row.get(metric.lower_bound)).lower() == "true"
        interval, samples = _interval(row, metric), row.get(f"{metric.name}_n")
        lonely = metric.interval and interval is None and samples is not None
        note = f"(n={samples})" if lonely else ""
        return TableCell(value, interval, AT_LEAST if bound else "", note)

    return cell


def _interval(row: Row, metric: Metric) -> tuple[float, float] | None:
    if not metric.interval:
        return None
    low, high = (row.get(end) for end in metric.ends)
    return None if low is None or high is None else (low, high)


def _divided(metric: Metric) -> Callable[[int, Row], TableCell]:
    """The cell of a metric that a person sees over another: '=', '0.145x', '+5' where the other is 0."""
    over = METRICS.get(metric.over).column

    def cell(number: int, row: Row) -> TableCell:
        theirs, ours = row.get(metric.column), row.get(over)
        if theirs is None or ours is None:
            return TableCell()
        if theirs == ours:
            return TableCell("=")
        return TableCell(f"{significant(theirs / ours)}x" if ours else f"+{show_count(theirs)}")

    return cell


def _added(metric: Metric) -> RunColumn:
    """The share that a module adds to a figure of its network."""
    name = f"{ADDED}{metric.name}{SHARE}"

    def cell(number: int, row: Row) -> TableCell:
        low, high = row.get(f"{name}_ci_low"), row.get(f"{name}_ci_high")
        return TableCell(row.get(name), None if low is None or high is None else (low, high))

    return RunColumn(TableColumn(name, f"{metric.title} +%", "change", ADDED_SHARES[metric.name]), cell)


def _ratios(results: Results, column: str) -> list[RunColumn]:
    """The ratios to a baseline that belong to the figures in ``column``."""
    metric = costs().get(column)
    if metric is None:
        return []
    names = [str(name) for name in results.frame.columns if str(name).startswith(metric.name + OVER)]
    return [_ratio(results, name, metric) for name in names]


def _ratio(results: Results, name: str, metric: Metric) -> RunColumn:
    def cell(number: int, row: Row) -> TableCell:
        within_noise = results.notes.get((number, name)) == UNCLEAR
        return TableCell(row.get(name), sign=ABOUT if within_noise else "")

    baseline = name.partition(OVER)[2]
    return RunColumn(TableColumn(name, metric.title, "ratio", metric.keep, baseline=baseline), cell)


def _default(results: Results, pivot: str) -> list[RunColumn]:
    """The columns that say something of these rows, and the metrics that the run named."""
    rows = results.rows()
    inside = any(row.get("host") for row in rows)
    requested = {METRICS.get(name).column for name in results.spec.metrics if name in METRICS}
    requested |= _of_several_batches(rows)
    identities = [identity for identity in IDENTITIES if _tells_apart(identity.name, rows, inside)]
    columns = [*identities, *_metric_columns(results, rows, requested, pivot)]
    hidden = _hidden(inside, pivot) - requested
    shown = [column for column in columns if column.name not in hidden]
    return [*shown, RANKS] if RANK in results.frame.columns else shown


def _of_several_batches(rows: Sequence[Row]) -> set[str]:
    """What makes rows of several batches comparable: the throughput, where something was timed."""
    name = METRICS.get("throughput").column
    is_timed = any(row.get(name) is not None for row in rows)
    return {name} if is_timed and varying(rows, ["batch"]) else set()


def _metric_columns(
    results: Results, rows: Sequence[Row], requested: Collection[str], pivot: str
) -> list[RunColumn]:
    """Each metric that some row has or that was ``requested``, its increase in a network behind it."""
    columns: list[RunColumn] = []
    for metric in in_order(_metrics_of(results, requested)):
        if metric.column in requested or _worth_showing(metric, rows, pivot):
            columns += [_of_metric(metric), *_increase(metric, rows)]
    return columns


def _hidden(inside: bool, pivot: str) -> set[str]:
    """Columns that the default table lacks: what the pivot says already, what a network has no room for."""
    covered = pivot_key(pivot).covers if pivot else ()
    hidden = {*covered, *(INSIDE_HIDDEN if inside else ())}
    if "execution" in covered:
        hidden |= {
            metric.column
            for metric in map(METRICS.get, METRICS.names())
            if metric.name not in BETWEEN_RUNTIMES
        }
    return hidden | {"size"} if "height" in covered else hidden


def _increase(metric: Metric, rows: Sequence[Row]) -> list[RunColumn]:
    """The column of a metric's increase in a network, where some row has one."""
    if metric.name not in ADDED_SHARES:
        return []
    name = f"{ADDED}{metric.name}{SHARE}"
    return [_added(metric)] if any(row.get(name) is not None for row in rows) else []


def _metrics_of(results: Results, requested: Collection[str]) -> list[str]:
    """The metrics that have a column in the table, or were named by the run."""
    return [
        name
        for column, name in metric_columns().items()
        if column in results.frame.columns or column in requested
    ]


def _worth_showing(metric: Metric, rows: Sequence[Row], pivot: str) -> bool:
    """Whether the table has the metric without being asked."""
    beside_each_other = pivot and metric.over
    return metric.shown and not beside_each_other and any(row.get(metric.column) is not None for row in rows)


def _tells_apart(name: str, rows: Sequence[Row], inside: bool) -> bool:
    """Whether the identity ``name`` belongs into the table: it varies, or a reader expects it there."""
    if name == "module":
        return True
    if name == "channels":
        return not inside or bool(varying(rows, [name]))
    if name == "size":
        return bool(varying(rows, ("height", "width")))
    if name == "place":
        return len(places(rows)) > 1
    if name in ("device", "threads"):  # the device's name says it
        return bool(varying(rows, [name])) and not varying(rows, ["device_name"])
    return bool(varying(rows, [name]))

"""Results laid out as a table for people: which columns and lines, in what order, each cell's text, the remarks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from attnprof.errors import UsageError, nearest
from attnprof.metrics import METRICS, Metric, column
from attnprof.networks import PLAIN
from attnprof.records.record import FLAGS, HOT
from attnprof.results import Results
from attnprof.results.baseline import OVER, UNCLEAR, costs
from attnprof.results.columns import COLUMNS, DEFAULT, Column, places, plain, title, varying
from attnprof.results.pivot import Line, Row, lines, pivot_key
from attnprof.spec import Spec
from attnprof.units import significant

ALWAYS = ("channels", "module")
OTHER_MACS = (
    "fvcore_macs",
    "thop_macs",
    "flopcounter_macs",
)  # a table that has every column several times leaves them out
# What a row is, and not what was found of it: shown once where rows stand side by side.
IDENTITY = (
    *("host", "place", "channels", "size", "height", "width", "mode"),
    *("device_name", "module", "variant", "hyperparameters", "family"),
)
ABOUT = "≈"  # before a ratio of latencies that are not told apart


@dataclass(frozen=True)
class Sheet:
    """A table ready to be set: columns, the cells' texts line by line, and footnotes. lines: the rows behind the cells."""

    columns: list[Column]
    cells: list[list[str]]
    footnotes: list[str]
    lines: Sequence[Line] = ()


def sheet(results: Results, columns: Sequence[str] = (), pivot: str = "") -> Sheet:
    """Lay out ``results``: by size and channels, then by latency (by MACs where there is none).

    Columns whose value does not vary go into the caption, empty ones are left out; ``columns`` names them instead.
    pivot: what rows stand side by side by, 'channels'. Raises UsageError for a column or a pivot that does not exist.
    """
    headings, found = lines(results, pivot)
    ordered = sorted(found, key=lambda line: _rank(line.row))
    shown = _columns(results, columns, pivot)
    shown = [each for one in shown for each in (_spread(one, headings, ordered) if pivot else [one])]
    cells = [[_write(each, line, results) for each in shown] for line in ordered]
    remarks, footnotes = _remarks(ordered)
    if any(remarks):
        shown = [*shown, Column("note", "note", 97, lambda row: "", right=False)]
        cells = [[*texts, remark] for texts, remark in zip(cells, remarks, strict=True)]
    return Sheet(shown, cells, footnotes, ordered)


def _columns(results: Results, asked: Sequence[str], pivot: str) -> list[Column]:
    known = {c.name: c for c in COLUMNS}
    for name in [name for name in results.frame.columns if name not in known]:
        known[name] = _ratio(name) if OVER in name else Column(name, name, 2, plain(name), right=False)
    for name in asked:
        if name not in known:
            raise UsageError(f"--columns: no column {name!r}. {nearest(name, known)}".rstrip())
    covered = pivot_key(pivot).covers if pivot else ()
    gone = {*covered, *(["size"] if "height" in covered else []), *(OTHER_MACS if pivot else [])}
    rows = results.rows()
    chosen = [known[name] for name in asked] or [
        c for c in _default(rows, _of_metrics(results.spec)) if c.name not in gone
    ]
    related = {f"{cost.name}{OVER}": name for name, cost in costs().items()}
    with_ratios = []
    for each in chosen:
        ratios = [
            known[n]
            for n in results.frame.columns
            if OVER in n and related[n[: n.index(OVER)] + OVER] == each.name
        ]
        with_ratios += [each, *(ratio for ratio in ratios if ratio not in chosen)]
    return with_ratios


def _ratio(name: str) -> Column:
    cost, _, baseline = name.partition(OVER)
    column_of = {metric.name: name for name, metric in costs().items()}
    related = next(c for c in COLUMNS if c.name == column_of[cost])

    def write(row: Row) -> str:
        return "" if row.get(name) is None else f"{significant(row[name])}x"

    return Column(name, f"{related.title}/{baseline}", related.keep, write)


def _of_metrics(spec: Spec) -> list[Column]:
    """The columns of the metrics that were asked for by name."""
    known = {c.name: c for c in COLUMNS}
    metrics: dict[str, Metric] = {name: METRICS.get(name) for name in spec.metrics if name in METRICS}
    names = {column(name, metric.unit): metric.title for name, metric in metrics.items()}
    return [known.get(name, Column(name, title, 50, plain(name))) for name, title in names.items()]


def _default(rows: list[Row], asked: Sequence[Column]) -> list[Column]:
    vary = set(varying(rows, ("host", "channels", "height", "width", "mode", "device_name")))
    inside = any(row.get("host") for row in rows)
    worth = {"size": bool({"height", "width"} & vary), "mode": "mode" in vary, "host": "host" in vary}
    worth["device_name"] = "device_name" in vary
    worth["channels"] = not inside or "channels" in vary
    worth["place"] = len(places(rows)) > 1
    # In a network the increases need the width more.
    usual = [
        c
        for c in COLUMNS
        if c.name in DEFAULT and worth.get(c.name, True) and not (inside and c.name == "flops")
    ]
    return [
        c
        for c in dict.fromkeys([*usual, *asked])
        if c.name in (*ALWAYS, *worth) or c in asked or any(c.write(row) for row in rows)
    ]


def _spread(one: Column, headings: Sequence[str], lines: Sequence[Line]) -> list[Column]:
    """``one`` for each of the pivot's values; once where it says the same at all of them, or what a row is."""
    texts = ({one.write(row) for _, row in line.cells.values()} - {""} for line in lines)
    if one.name in IDENTITY or all(len(each) <= 1 for each in texts):
        return [replace(one, at=None)]
    return [replace(one, title=f"{one.title} {heading}", at=heading) for heading in headings]


def cell_of(column: Column, line: Line) -> tuple[int, Row] | None:
    """The number and row of results whose figure stands in ``column`` of ``line``; None where there is none."""
    if column.at is not None:
        return line.cells.get(column.at)
    return next((cell for cell in line.cells.values() if column.write(cell[1])), None)


def _write(column: Column, line: Line, results: Results) -> str:
    cell = cell_of(column, line)
    if cell is None:
        return ""
    number, row = cell
    about = results.notes.get((number, column.name)) == UNCLEAR
    return ABOUT * about + column.write(row)


def _rank(row: Row) -> tuple[object, ...]:
    latency, macs, params = row.get("latency_s"), row.get("macs"), row.get("params")
    size = row["mode"], -row["height"] * row["width"], row["channels"], row.get("device_name") or ""
    inside = bool(row.get("host")) and row["module"] != PLAIN
    costs = latency is None, latency or 0, macs is None, macs or 0, params or 0
    return (row.get("host") or "", *size, inside, *costs, title(row))


def _remarks(lines: Sequence[Line]) -> tuple[list[str], list[str]]:
    """Per line its statuses that are not 'ok' and the numbers of its footnotes; and the footnotes.

    What holds for every row is said once, without a number.
    """
    said = [_said(row) for line in lines for _, row in line.cells.values()]
    always = [
        text
        for text in dict.fromkeys(text for texts in said for text in texts)
        if all(text in t for t in said)
    ]
    always = always if len(said) > 1 else []
    numbers: dict[str, int] = {}
    remarks = []
    for line in lines:
        statuses = [f"{at}: {row['status']}" if at else row["status"] for at, row in _unwell(line)]
        texts = dict.fromkeys(
            text for _, row in line.cells.values() for text in _said(row) if text not in always
        )
        marks = sorted(numbers.setdefault(text, len(numbers) + 1) for text in texts)
        remarks.append(" ".join([*statuses, *(f"[{mark}]" for mark in marks)]))
    return remarks, [
        *(f"every row: {text}" for text in always),
        *(f"[{n}] {text}" for text, n in numbers.items()),
    ]


def _unwell(line: Line) -> Iterable[tuple[str, Row]]:
    return ((at, row) for at, (_, row) in line.cells.items() if row["status"] != "ok")


def _said(row: Row) -> list[str]:
    """What is to be said of a row: the reason of its end, what each of its flags means."""
    flags = [flag for flag in str(row.get("flags") or "").split() if flag != HOT]  # the caption says it
    meant = [f"{flag}: {FLAGS.get(flag, 'a flag of another version')}" for flag in flags]
    return [*([f"{title(row)}: {row['reason']}"] if row["reason"] else []), *meant]

"""The results of a run as a document: a table, its conditions, what qualifies its figures."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any

from attnprof.metrics import METRICS, Metric
from attnprof.networks import PLAIN
from attnprof.records.case import ROW_CONDITIONS
from attnprof.records.environment import Environment
from attnprof.results import Results
from attnprof.results.baseline import costs
from attnprof.results.columns import Row, title
from attnprof.results.pivot import Line, flat, lines, pivot_key
from attnprof.results.table import SCHEMA
from attnprof.runtimes import EAGER
from attnprof.units import show_figure, significant
from attnprof.views.caption import caption
from attnprof.views.document import Document, TableCell, TableColumn
from attnprof.views.findings import findings
from attnprof.views.ordering import in_order_of
from attnprof.views.remarks import remarks_of
from attnprof.views.rivals import blocks
from attnprof.views.run_columns import BESIDE_HIDDEN, RunColumn, chosen_columns, resolve
from attnprof.views.screen import Wish, screen

SIZE = (
    "host",
    "mode",
    "height",
    "width",
    "channels",
    "batch",
    "execution",
)  # what the lines of one block share
NOTE = TableColumn("note", "note", keep=97, right=False)
LATENCY = METRICS.get("latency").column
MORE = "+"  # before the name of a column that is wanted besides the usual ones


def document(
    results: Results,
    columns: Sequence[str] = (),
    pivot: str = "",
    wish: Wish | None = None,
    order: str = "",
    units: Sequence[str] = (),
) -> Document:
    """The table of ``results``: by size and channels, then by latency (by MACs where there is none).

    columns: these alone, in this order, by their headings in CSV or any name of their metrics; '+fvcore' is
    one more than the usual. pivot: what rows stand side by side by, 'channels'. wish: what a terminal shows
    of the usual table. order: a column that rows are in the order of, as of ``in_order_of``. units: that
    figures may be in. Raises UsageError for a column or a pivot that does not exist.
    """
    results = in_order_of(results, order) if order else results
    only = [name for name in columns if not name.startswith(MORE)]
    more = _more(results, columns, pivot)
    headings, ordered = _ordered(results, pivot, order)
    placed = _in_units(_placed(results, only, more, pivot, headings, ordered), units)
    marks, footnotes = _notes(ordered, results.rows(), with_status=not _has_statuses(placed))
    shown, rows = _table(placed, ordered, pivot, marks)
    table = Document(
        columns=shown if rows else (),  # no heading over nothing
        rows=rows,
        above=caption(results, shown),
        footnotes=footnotes,
        blocks=_blocks(ordered, pivot),
        origin=_origin(results.environment),
        header=_csv_columns(results, only),
        records=lambda: _records(results, only, pivot),
        data=lambda: _data(results, only, pivot),
    )
    return table if only or pivot or order else _with_screen(table, results, wish or Wish(), more)


def top(results: Results, count: int, pivot: str = "", order: str = "") -> Results:
    """The rows of the first ``count`` lines of the table. pivot, order: as ``document`` takes them."""
    results = in_order_of(results, order) if order else results
    _, ordered = _ordered(results, pivot, order)
    numbers = {number for line in ordered[:count] for number, _ in line.cells.values()}
    return results.only(sorted(numbers))


def _ordered(results: Results, pivot: str, order: str) -> tuple[list[str], list[Line]]:
    """The headings of the pivot, and the lines as the table has them.

    order: where there is one, ``results`` are in it.
    """
    headings, all_lines = lines(results, pivot)
    if order:
        return headings, _by_block(all_lines, pivot)
    return headings, sorted(all_lines, key=lambda line: _rank(line.row))


def _more(results: Results, columns: Sequence[str], pivot: str) -> list[RunColumn]:
    """The columns that are wanted besides the usual ones."""
    names = [name.removeprefix(MORE) for name in columns if name.startswith(MORE)]
    return chosen_columns(results, names, pivot) if names else []


def _origin(environment: Environment) -> str:
    return f"attnprof {environment.get('attnprof_version')}, run {environment.get('run_id')}"


def _with_screen(table: Document, results: Results, wish: Wish, more: Sequence[RunColumn]) -> Document:
    """The usual table, with what it says in sentences, and what a terminal shows in its place."""
    return replace(
        table,
        findings=lambda: findings(blocks(results)),
        screen=lambda: screen(results, _in_columns(results, wish, more)),
    )


def _in_columns(results: Results, wish: Wish, more: Sequence[RunColumn]) -> Wish:
    """``wish`` with its columns: those named, and all the usual ones of a wide table or of counts alone."""
    is_counted = all(row.get("latency_s") is None for row in results.rows())
    usual = chosen_columns(results, (), "") if wish.is_wide or is_counted else []
    return replace(wish, columns=[*(column for column in usual if not column.identity), *more])


def _placed(
    results: Results,
    only: Sequence[str],
    more: Sequence[RunColumn],
    pivot: str,
    headings: Sequence[str],
    ordered: Sequence[Line],
) -> list[RunColumn]:
    """The columns of the table, those of a pivot once for each of its values."""
    columns = chosen_columns(results, only, pivot)
    names = {column.name for column in columns}
    columns += [column for column in more if column.name not in names]
    if not pivot:
        return columns
    return [each for column in columns for each in _beside(column, headings, ordered, pivot, only)]


def _in_units(placed: Sequence[RunColumn], units: Sequence[str]) -> list[RunColumn]:
    return [replace(each, column=replace(each.column, units=tuple(units))) for each in placed]


def _beside(
    column: RunColumn, headings: Sequence[str], ordered: Sequence[Line], pivot: str, requested: Sequence[str]
) -> list[RunColumn]:
    """``column`` for each of the pivot's values.

    Once where it says the same at all of them, or what a row is.
    """
    if column.identity or all(_alike(column, line) for line in ordered):
        return [column]
    on_page = column.column.on_page and (bool(requested) or column.name not in BESIDE_HIDDEN)
    spread = replace(column.column, on_page=on_page)
    cell = _or_status(column.cell) if column.name == LATENCY else column.cell
    return [replace(column, column=replace(spread, at=heading), cell=cell) for heading in headings]


def _or_status(cell: Callable[[int, Row], TableCell]) -> Callable[[int, Row], TableCell]:
    """``cell``, or how the row ended where that is not 'ok'."""

    def own(number: int, row: Row) -> TableCell:
        return cell(number, row) if row["status"] == "ok" else TableCell(note=row["status"])

    return own


def _has_statuses(placed: Sequence[RunColumn]) -> bool:
    """Whether the latencies stand side by side, and in their places how rows ended."""
    return any(column.name == LATENCY and column.column.at for column in placed)


def _alike(column: RunColumn, line: Line) -> bool:
    cells = {column.cell(number, row) for number, row in line.cells.values()}
    return len(cells - {TableCell()}) <= 1


def _table(
    placed: Sequence[RunColumn], ordered: Sequence[Line], pivot: str, marks: Sequence[str]
) -> tuple[list[TableColumn], list[tuple[TableCell, ...]]]:
    """The columns and rows as they are printed. marks: of each line; without any there is no such column."""
    columns = [column.column for column in placed]
    cells = _with_best(placed, [_column_cells(column, ordered) for column in placed], ordered, pivot)
    if any(marks):
        columns.append(NOTE)
        cells.append([TableCell(mark or None) for mark in marks])
    return columns, list(zip(*cells, strict=True))


def _column_cells(column: RunColumn, ordered: Sequence[Line]) -> list[TableCell]:
    return [_cell(column, line) for line in ordered]


def _cell(column: RunColumn, line: Line) -> TableCell:
    place = _row_of(column, line)
    return TableCell() if place is None else column.cell(*place)


def _row_of(column: RunColumn, line: Line) -> tuple[int, Row] | None:
    """The number and row of results whose figure stands in ``column`` of ``line``.

    None where there is none.
    """
    if column.column.at:
        return line.cells.get(column.column.at)
    if len(line.cells) == 1:
        return next(iter(line.cells.values()))
    return next((cell for cell in line.cells.values() if column.cell(*cell) != TableCell()), None)


def _rank(row: Row) -> tuple[object, ...]:
    latency, macs, params = row.get("latency_s"), row.get("macs"), row.get("params")
    size = (
        row["mode"],
        -row["height"] * row["width"],
        row["channels"],
        row["batch"],
        row.get("execution") != EAGER,
        row.get("execution") or "",
    )
    inside = bool(row.get("host")) and row["module"] != PLAIN
    costs = latency is None, latency or 0, macs is None, macs or 0, params or 0
    return (row.get("host") or "", *size, row.get("device_name") or "", inside, *costs, title(row))


def _by_block(in_order: Sequence[Line], pivot: str) -> list[Line]:
    """The lines of each block together, the blocks in the order of their first lines."""
    names = [name for name in SIZE if name not in _covered(pivot)]
    first: dict[tuple[object, ...], int] = {}
    for number, line in enumerate(in_order):
        first.setdefault(_values(line, names), number)
    return sorted(in_order, key=lambda line: first[_values(line, names)])


def _blocks(ordered: Sequence[Line], pivot: str) -> list[int]:
    names = [name for name in SIZE if name not in _covered(pivot)]
    return [len(list(group)) for _, group in groupby(ordered, key=lambda line: _values(line, names))]


def _covered(pivot: str) -> tuple[str, ...]:
    return pivot_key(pivot).covers if pivot else ()


def _values(line: Line, names: Sequence[str]) -> tuple[object, ...]:
    row = line.row
    return tuple([row[name] for name in names])


def _with_best(
    columns: Sequence[RunColumn], cells: list[list[TableCell]], ordered: Sequence[Line], pivot: str
) -> list[list[TableCell]]:
    """The cells, the best of their rivals marked: lines of one size and the same conditions."""
    shared = [name for name in (*SIZE, *ROW_CONDITIONS) if name not in _covered(pivot)]
    rivals: dict[tuple[object, ...], list[int]] = {}
    for number, line in enumerate(ordered):
        rivals.setdefault(_values(line, shared), []).append(number)
    marked = []
    for column, own in zip(columns, cells, strict=True):
        best = {n for group in rivals.values() for n in _best(column, [(n, ordered[n]) for n in group], own)}
        marked.append([replace(cell, best=True) if n in best else cell for n, cell in enumerate(own)])
    return marked


def _best(column: RunColumn, rivals: Sequence[tuple[int, Line]], cells: Sequence[TableCell]) -> list[int]:
    """Those than which no other is shown to cost less.

    The identity does not compete, nor what is noisy and has no interval; and nobody wins alone.
    """
    metric = costs().get(column.name)
    if metric is None:
        return []
    values: dict[int, Any] = {
        number: cells[number].value
        for number, line in rivals
        if _competes(_row_of(column, line), cells[number], metric)
    }
    if len(set(values.values())) < 2:
        return []
    least = min(values, key=lambda number: values[number])
    ends = cells[least].interval
    shown = partial(show_figure, metric.kind, names=column.column.units)
    return [n for n, value in values.items() if _tied(cells[n], value, values[least], ends, shown)]


def _competes(place: tuple[int, Row] | None, cell: TableCell, metric: Metric) -> bool:
    if place is None or cell.value is None:
        return False
    _, row = place
    if row.get("family") == "floor":
        return False
    return not metric.interval or cell.interval is not None


def _tied(
    cell: TableCell,
    value: float,
    least: float,
    ends: tuple[float, float] | None,
    shown: Callable[[float], str],
) -> bool:
    """Whether a figure is the least, prints like it, or no interval tells the two apart.

    shown: how a count is printed.
    """
    if isinstance(value, int) and shown(value) == shown(least):
        return True
    if ends is None or cell.interval is None:
        return value == least
    return cell.interval[0] <= ends[1] or significant(value) == significant(least)


def _notes(ordered: Sequence[Line], rows: Sequence[Row], with_status: bool) -> tuple[list[str], list[str]]:
    """Of each line its statuses that are not 'ok' and the numbers of its footnotes; and the footnotes."""
    marks, footnotes = remarks_of([[row for _, row in line.cells.values()] for line in ordered], rows)
    if not with_status:
        return marks, footnotes
    statuses = [
        [f"{at}: {row['status']}" if at else row["status"] for at, row in _unwell(line)] for line in ordered
    ]
    return [
        " ".join(filter(None, [*own, mark])) for own, mark in zip(statuses, marks, strict=True)
    ], footnotes


def _unwell(line: Line) -> list[tuple[str, Row]]:
    return [(at, row) for at, (_, row) in line.cells.items() if row["status"] != "ok"]


def _csv_columns(results: Results, columns: Sequence[str]) -> list[str]:
    return [resolve(results, name) for name in columns] or list(map(str, results.frame.columns))


def _records(results: Results, columns: Sequence[str], pivot: str) -> list[Mapping[str, Any]]:
    """The rows for CSV: every column in base units.

    Raises UsageError for a column that programs do not have.
    """
    names = _csv_columns(results, columns) if columns else []
    results.require(names)
    return [values for values, _ in flat(results, names, pivot)]


def _data(results: Results, columns: Sequence[str], pivot: str) -> dict[str, Any]:
    """Conditions, rows and notes for JSON."""
    names = _csv_columns(results, columns) if columns else []
    results.require(names)
    rows: list[dict[str, Any]] = []
    for values, notes in flat(results, names, pivot):
        if "hyperparameters" in values:
            values["hyperparameters"] = json.loads(values["hyperparameters"])
        rows.append({**values, "notes": notes})
    return {"schema": SCHEMA, "environment": results.environment, "planned": results.planned, "rows": rows}

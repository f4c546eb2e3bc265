"""The results of a run as a document: a table, its conditions, what qualifies its figures."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from attnprof.networks import PLAIN
from attnprof.records.case import ROW_CONDITIONS
from attnprof.records.record import FLAGS, HOT
from attnprof.results import Results
from attnprof.results.baseline import costs
from attnprof.results.columns import Row, title
from attnprof.results.pivot import Line, flat, lines, pivot_key
from attnprof.results.table import SCHEMA
from attnprof.units import significant
from attnprof.views.caption import caption
from attnprof.views.document import Document, TableCell, TableColumn
from attnprof.views.run_columns import BESIDE_HIDDEN, RunColumn, chosen_columns, resolve

SIZE = ("host", "mode", "height", "width", "channels")  # what the lines of one block share
NOTE = TableColumn("note", "note", keep=97, right=False)
BOLD = "Bold: best, or tied with the best."


def document(results: Results, columns: Sequence[str] = (), pivot: str = "") -> Document:
    """The table of ``results``: by size and channels, then by latency (by MACs where there is none).

    columns: these alone, in this order, by their headings in CSV or any name of their metrics. pivot: what
    rows stand side by side by, 'channels'. Raises UsageError for a column or a pivot that does not exist.
    """
    headings, all_lines = lines(results, pivot)
    ordered = sorted(all_lines, key=lambda line: _rank(line.row))
    placed = [
        one
        for column in chosen_columns(results, columns, pivot)
        for one in (_beside(column, headings, ordered, pivot, columns) if pivot else [column])
    ]
    cells = [_column_cells(column, ordered) for column in placed]
    cells = _with_best(placed, cells, ordered, pivot)
    shown = [column.column for column in placed]
    remarks, footnotes = _remarks(ordered)
    if any(remarks):
        shown.append(NOTE)
        cells.append([TableCell(remark or None) for remark in remarks])
    environment = results.environment
    origin = f"attnprof {environment.get('attnprof_version')}, run {environment.get('run_id')}"
    return Document(
        columns=shown,
        rows=list(zip(*cells, strict=True)),
        above=caption(results, shown),
        footnotes=footnotes,
        blocks=_blocks(ordered, pivot),
        origin=origin,
        header=_csv_columns(results, columns),
        records=lambda: _records(results, columns, pivot),
        data=lambda: _data(results, columns, pivot),
    )


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
    return [replace(column, column=replace(spread, at=heading)) for heading in headings]


def _alike(column: RunColumn, line: Line) -> bool:
    cells = {column.cell(number, row) for number, row in line.cells.values()}
    return len(cells - {TableCell()}) <= 1


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
    return next((cell for cell in line.cells.values() if column.cell(*cell) != TableCell()), None)


def _rank(row: Row) -> tuple[object, ...]:
    latency, macs, params = row.get("latency_s"), row.get("macs"), row.get("params")
    size = row["mode"], -row["height"] * row["width"], row["channels"], row.get("device_name") or ""
    inside = bool(row.get("host")) and row["module"] != PLAIN
    costs = latency is None, latency or 0, macs is None, macs or 0, params or 0
    return (row.get("host") or "", *size, inside, *costs, title(row))


def _blocks(ordered: Sequence[Line], pivot: str) -> list[int]:
    names = [name for name in SIZE if name not in _covered(pivot)]
    return [len(list(group)) for _, group in groupby(ordered, key=lambda line: _values(line, names))]


def _covered(pivot: str) -> tuple[str, ...]:
    return pivot_key(pivot).covers if pivot else ()


def _values(line: Line, names: Sequence[str]) -> tuple[object, ...]:
    return tuple(line.row[name] for name in names)


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
    values: dict[int, Any] = {}
    for number, line in rivals:
        place, cell = _row_of(column, line), cells[number]
        if place is None or cell.value is None or place[1].get("family") == "floor":
            continue
        if not metric.interval or cell.interval is not None:
            values[number] = cell.value
    if len(set(values.values())) < 2:
        return []
    least = min(values, key=lambda number: values[number])
    ends = cells[least].interval
    return [n for n, value in values.items() if _tied(cells[n], value, values[least], ends)]


def _tied(cell: TableCell, value: float, least: float, ends: tuple[float, float] | None) -> bool:
    """Whether a figure is the least, prints like it, or no interval tells the two apart."""
    if ends is None or cell.interval is None:
        return value == least
    return cell.interval[0] <= ends[1] or significant(value) == significant(least)


def _remarks(ordered: Sequence[Line]) -> tuple[list[str], list[str]]:
    """Per line its statuses that are not 'ok' and the numbers of its footnotes; and the footnotes.

    What holds for every row is said once, without a number.
    """
    texts_of = {id(row): _texts(row) for line in ordered for _, row in line.cells.values()}
    everywhere = _everywhere(list(texts_of.values()))
    numbers: dict[str, int] = {}
    remarks = []
    for line in ordered:
        statuses = [f"{at}: {row['status']}" if at else row["status"] for at, row in _unwell(line)]
        texts = dict.fromkeys(text for _, row in line.cells.values() for text in texts_of[id(row)])
        marks = sorted(numbers.setdefault(text, len(numbers) + 1) for text in texts if text not in everywhere)
        remarks.append(" ".join([*statuses, *(f"[{mark}]" for mark in marks)]))
    numbered = [f"[{n}] {text}" for text, n in numbers.items()]
    return remarks, [*(f"every row: {text}" for text in everywhere), *numbered]


def _everywhere(texts_of_rows: Sequence[Sequence[str]]) -> list[str]:
    """What is to be said of every row, where there are several."""
    if len(texts_of_rows) < 2:
        return []
    return [text for text in texts_of_rows[0] if all(text in texts for texts in texts_of_rows)]


def _unwell(line: Line) -> list[tuple[str, Row]]:
    return [(at, row) for at, (_, row) in line.cells.items() if row["status"] != "ok"]


def _texts(row: Row) -> list[str]:
    """What is to be said of a row: the reason of its end, what each of its flags means."""
    flags = [flag for flag in str(row.get("flags") or "").split() if flag != HOT]  # the caption says it
    meanings = [f"{flag}: {FLAGS.get(flag, 'a flag of another version')}" for flag in flags]
    reasons = [f"{title(row)}: {row['reason']}"] if row["reason"] else []
    return [*reasons, *meanings]


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

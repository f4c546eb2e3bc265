"""A results.csv read back: every cell has the type of its column, and the rows tell the run's conditions."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd

from attnprof.catalogue.values import is_value
from attnprof.errors import RunFolderError
from attnprof.records.characters import from_csv_cell
from attnprof.records.environment import Environment, joined
from attnprof.results.baseline import derived_kinds
from attnprof.results.header import HEADER, column_kinds
from attnprof.results.table import ROW_ENVIRONMENT, SCHEMA, Results
from attnprof.spec import Spec
from attnprof.units import KindName

STANDARD_INPUT = "standard input"
LARGEST = 10**30  # of a figure: beyond what any unit is for
FROM_ONE = ("channels", "height", "width", "batch")
Cell = str | int | float | None
Kinds = Mapping[str, KindName]  # of the columns that something declares


def of_csv(source: Path | bytes) -> Results:
    """The results of a results.csv alone: no notes, and the conditions that the rows themselves carry.

    source: the file, or what standard input held. Raises RunFolderError for what is not one of ours, with the
    line that is not.
    """
    name = STANDARD_INPUT if isinstance(source, bytes) else str(source)
    header, *lines = _lines(name, _text(name, source))
    missing = [column for column in HEADER if column not in header[1]]
    if missing:
        raise RunFolderError(f"{name}: not a results.csv of attnprof: no column {missing[0]!r}")
    kinds = column_kinds() | derived_kinds(header[1])
    rows = [_row(f"{name}:{number}", header[1], cells, kinds) for number, cells in lines]
    frame = pd.DataFrame(rows, columns=header[1], dtype=object)
    return Results(frame, {}, _environment_of(rows), Spec(), len(rows))


def _text(name: str, source: Path | bytes) -> str:
    """What the file holds. Raises RunFolderError."""
    try:
        content = source if isinstance(source, bytes) else source.read_bytes()
    except OSError as problem:
        raise RunFolderError(f"cannot read {name}: {(problem.strerror or str(problem)).lower()}") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RunFolderError(f"{name}: not a results.csv of attnprof: it is no text in UTF-8") from None


def _lines(name: str, text: str) -> Iterator[tuple[int, list[str]]]:
    """The cells of the header, then those of each row, with the number of the line. Raises RunFolderError."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as problem:
        raise RunFolderError(f"{name}:{reader.line_num}: not a results.csv of attnprof: {problem}") from None
    if not rows:
        raise RunFolderError(f"{name}: not a results.csv of attnprof: it is empty")
    columns = [from_csv_cell(column) for column in rows[0][1]]
    twice = next((column for column in columns if columns.count(column) > 1), None)
    if twice is not None:
        raise RunFolderError(f"{name}: not a results.csv of attnprof: the column {twice!r} is there twice")
    yield rows[0][0], columns
    yield from rows[1:]


def _row(place: str, columns: Sequence[str], texts: Sequence[str], kinds: Kinds) -> dict[str, Cell]:
    """One row's values by column. place: its file and line. Raises RunFolderError."""
    if len(texts) != len(columns):
        raise RunFolderError(f"{place}: {len(texts)} cells below {len(columns)} columns; the file is damaged")
    cells = zip(columns, texts, strict=True)
    row = {column: _value(place, column, text, kinds.get(column)) for column, text in cells}
    if row["schema"] != SCHEMA:
        raise RunFolderError(f"{place}: not a results.csv of attnprof: schema is not {SCHEMA}")
    _require_settings(place, row["hyperparameters"])
    for column in FROM_ONE:
        size = row[column]
        if not isinstance(size, int) or size < 1:
            raise RunFolderError(f"{place}: {column}: {size!r} is not a whole number from 1")
    return row


def _require_settings(place: str, text: Cell) -> None:
    """Raises RunFolderError unless ``text`` is the hyperparameters of a module as JSON, or nothing."""
    try:
        settings = json.loads(str(text or "{}"))
    except (ValueError, RecursionError):
        settings = None
    if not isinstance(settings, dict) or not all(map(is_value, settings.values())):
        raise RunFolderError(f"{place}: hyperparameters: {str(text)[:60]!r} is no JSON object of settings")


def _value(place: str, column: str, text: str, kind: KindName | None) -> Cell:
    """What ``text`` in ``column`` stands for. kind: None where nothing declares it. Raises RunFolderError."""
    if kind == "text" and (text or column in HEADER):
        return from_csv_cell(text)
    if not text:
        return None
    if kind is None:
        number = _number(text)
        return text if number is None else number
    return _figure(f"{place}: {column}", text, is_whole=kind in ("count", "bytes"))


def _figure(place: str, text: str, is_whole: bool) -> int | float:
    """The number in a cell that has to hold one. Raises RunFolderError."""
    number = _number(text)
    if number is None or (is_whole and not isinstance(number, int)):
        raise RunFolderError(f"{place}: {text[:60]!r} is not a {'whole ' if is_whole else ''}number")
    return number


def _number(text: str) -> int | float | None:
    """The number that ``text`` is, exact where it is whole; None for a text, for NaN and beyond LARGEST."""
    if re.fullmatch(r"-?[0-9]{1,31}", text):
        return int(text)
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) and abs(number) <= LARGEST else None


def _environment_of(rows: Sequence[Mapping[str, Any]]) -> Environment:
    """The environment of the run, or the runs, that the rows are of, as far as rows tell it."""
    runs = {str(row["run_id"]): {name: row.get(name) for name in ROW_ENVIRONMENT} for row in rows}
    if len(runs) > 1:
        return {**joined(runs), "estimator": ""}
    return {**next(iter(runs.values()), {}), "estimator": ""}

"""results.csv of a run of many cells: written part by part, so that memory does not grow with it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attnprof.errors import EnvironmentProblem
from attnprof.formats.csv import csv_text
from attnprof.metrics import METRICS
from attnprof.records.files import write_pieces
from attnprof.results import Results
from attnprof.results.columns import Row, title
from attnprof.results.table import TablePart, in_header_order, joined_parts

ORDER = ("latency", "macs", "params")  # the first lines have least of these


@dataclass
class WrittenTable:
    """What was written."""

    first: Results  # its first rows by cost
    rows: int = 0
    order: str = "params"  # the first metric of ORDER that some row has


class _FurtherColumns(Exception):
    """A part has columns that those before it had not."""


def write_in_parts(path: Path, parts: Iterable[TablePart], lines: int) -> WrittenTable:
    """Write the rows of ``parts`` as CSV, in a file as ``write_document`` makes it, and find its first lines
    by cost.

    A column that shows in a later part begins the file anew. Raises EnvironmentProblem.
    """
    names = set(next(iter(parts)).columns)
    while True:
        table = _Table(names, lines)
        try:
            write_pieces(path, table.pieces(parts))
        except _FurtherColumns as further:
            names |= further.args[0]
            continue
        except OSError as problem:
            reason = (problem.strerror or str(problem)).lower()
            raise EnvironmentProblem(f"cannot write {path}: {reason}") from None
        return table.written()


class _Table:
    """The CSV file as it is written."""

    def __init__(self, names: set[str], lines: int) -> None:
        self._names, self._lines = in_header_order(names), lines
        self._first: list[TablePart] = []
        self._rows = 0
        self._metrics: set[str] = set()

    def pieces(self, parts: Iterable[TablePart]) -> Iterator[bytes]:
        """The header, then the rows of each part. Raises _FurtherColumns."""
        yield f"{csv_text(self._names, [])}\n".encode()
        for part in parts:
            if further := part.columns.difference(self._names):
                raise _FurtherColumns(further)
            rows = part.results.rows()
            if rows:
                _, _, body = csv_text(self._names, rows).partition("\n")
                yield f"{body}\n".encode(errors="backslashreplace")
            self._rows += len(rows)
            self._metrics.update(
                name for name in ORDER if any(_figure(row, name) is not None for row in rows)
            )
            self._keep_first(part)

    def written(self) -> WrittenTable:
        """What was written, behind the last piece."""
        order = next((name for name in ORDER if name in self._metrics), ORDER[-1])
        return WrittenTable(joined_parts(self._first), self._rows, METRICS.get(order).title)

    def _keep_first(self, part: TablePart) -> None:
        results = joined_parts([*self._first, part])
        rows = results.rows()
        numbers = sorted(range(len(rows)), key=lambda number: _cost(rows[number]))[: self._lines]
        self._first = [TablePart(results.only(numbers), part.with_interval)]


def _cost(row: Row) -> tuple[Any, ...]:
    figures = [_figure(row, name) for name in ORDER]
    return (*((figure is None, figure or 0) for figure in figures), title(row))


def _figure(row: Row, name: str) -> Any:
    return row.get(METRICS.get(name).column)

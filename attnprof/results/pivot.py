"""Lines of a table: a row each, or one per module with its rows at several sizes side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attnprof.errors import UsageError, nearest
from attnprof.records.case import ROW_CONDITIONS
from attnprof.results.header import IDENTITY, SIZE
from attnprof.results.table import Results

Row = dict[str, Any]
ONCE = frozenset((*IDENTITY, *SIZE, "seed", "attnprof_version", "torch_version", "device_name"))


@dataclass(frozen=True)
class Key:
    """What rows can be put side by side by.

    covers: the columns of results.csv behind it; write: how a heading says them.
    """

    covers: tuple[str, ...]
    write: str

    def value(self, row: Row) -> tuple[Any, ...]:
        """What the row has there, to be sorted by."""
        return tuple(row[name] for name in self.covers)

    def show(self, row: Row) -> str:
        """The key's value in ``row``, as a heading says it."""
        return self.write.format(*self.value(row))


def _key(*covers: str, write: str = "{0}") -> Key:
    return Key(covers, write)


KEYS = {
    "channels": _key("channels", write="C={0}"),
    "res": _key("height", "width", write="{0}x{1}"),
    "point": _key("channels", "height", "width", write="{0}@{1}x{2}"),
    "batch": _key("batch", write="batch {0}"),
    "threads": _key("threads", write="{0} threads"),
    "runtime": _key("execution"),
    **{name: _key(name) for name in ("mode", "dtype", "layout", "device", "execution", "host")},
}


# What the rows of one line share, besides what the pivot's headings say.
SAME_LINE = ("module", "variant", "place", "channels", "height", "width", "mode", *ROW_CONDITIONS)


@dataclass(frozen=True)
class Line:
    """One line of a table: number and row of results by the pivot's value, or the only one by ''."""

    cells: Mapping[str, tuple[int, Row]]

    @property
    def row(self) -> Row:
        """Its first row, which speaks for what all of them share."""
        return next(iter(self.cells.values()))[1]


def pivot_key(name: str) -> Key:
    """The key ``name``. Raises UsageError."""
    if name not in KEYS:
        raise UsageError(f"--pivot: {name!r} is not one of {', '.join(KEYS)}. {nearest(name, KEYS)}".rstrip())
    return KEYS[name]


def lines(results: Results, pivot: str = "") -> tuple[list[str], list[Line]]:
    """The headings of the columns, and the lines, in the order of the rows.

    Without a pivot: [''], and a line per row.

    Raises UsageError for a pivot that does not exist.
    """
    rows = results.rows()
    if not pivot:
        return [""], [Line({"": (number, row)}) for number, row in enumerate(rows)]
    key = pivot_key(pivot)
    ordered = sorted(rows, key=lambda row: _sortable(key.value(row)))
    headings = list({key.value(row): key.show(row) for row in ordered}.values())
    groups = _grouped(rows, key)
    return headings, [Line({at: cells[at] for at in headings if at in cells}) for cells in groups]


def _grouped(rows: Sequence[Row], key: Key) -> list[dict[str, tuple[int, Row]]]:
    """The rows of each line by the pivot's value, with their numbers.

    Two rows that differ in nothing that is said of them stay two lines.
    """
    same = [name for name in SAME_LINE if name not in key.covers]
    groups: dict[tuple[Any, ...], dict[str, tuple[int, Row]]] = {}
    for number, row in enumerate(rows):
        shared, again = tuple(row[name] for name in same), 0
        while key.show(row) in groups.setdefault((shared, again), {}):
            again += 1
        groups[shared, again][key.show(row)] = number, row
    return list(groups.values())


def _sortable(value: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple((isinstance(each, str), each) for each in value)


def flat(results: Results, columns: Sequence[str] = (), pivot: str = "") -> list[tuple[Row, dict[str, str]]]:
    """Every line as one dict of values, and the notes on them, for programs.

    Under a pivot a figure is called 'latency_s@C=64'; what a row is, and its versions, stand once, from its
    first cell. columns: those of the frame that are wanted; none means all. Raises UsageError for a pivot
    that does not exist.
    """
    headings, all_lines = lines(results, pivot)
    covered = pivot_key(pivot).covers if pivot else ()
    names = [name for name in (columns or list(results.frame.columns)) if name not in covered]
    keys = [key for name in names for key in _keys(name, headings, pivot)]
    return [_flattened(line, keys, results) for line in all_lines]


def _keys(name: str, headings: Sequence[str], pivot: str) -> list[tuple[str, str | None]]:
    """The column ``name``, once or under each heading."""
    if not pivot or name in ONCE:
        return [(name, None)]
    return [(name, heading) for heading in headings]


def _flattened(
    line: Line, keys: Sequence[tuple[str, str | None]], results: Results
) -> tuple[Row, dict[str, str]]:
    values: Row = {}
    notes: dict[str, str] = {}
    for name, heading in keys:
        number, row = _cell(line, heading)
        key = name if heading is None else f"{name}@{heading}"
        values[key] = row.get(name)
        if (number, name) in results.notes:
            notes[key] = results.notes[number, name]
    return values, notes


def _cell(line: Line, heading: str | None) -> tuple[int, Row]:
    if heading is None:
        return next(iter(line.cells.values()))
    return line.cells.get(heading, (-1, {}))

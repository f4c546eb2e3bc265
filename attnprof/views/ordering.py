"""Rows in the order of one column, as its reader wants them."""

from collections.abc import Callable
from typing import Any

from attnprof.results import Results
from attnprof.results.columns import Row, title
from attnprof.views.run_columns import resolve

DESCENDING = "-"  # before a column's name: the largest first


def in_order_of(results: Results, text: str) -> Results:
    """``results`` with the rows in the order of the column that ``text`` names; '-latency': largest first.

    Rows without a figure come last, rows that are equal stay as they are. Raises UsageError for a column that
    does not exist.
    """
    is_descending = text.startswith(DESCENDING)
    value = _value_of(resolve(results, text.removeprefix(DESCENDING), "--sort"))
    rows = results.rows()
    with_value = [number for number, row in enumerate(rows) if value(row) is not None]
    ordered = sorted(with_value, key=lambda number: _key(value(rows[number])), reverse=is_descending)
    return results.only([*ordered, *(n for n, row in enumerate(rows) if value(row) is None)])


def _value_of(name: str) -> Callable[[Row], Any]:
    """What a row is ordered by."""
    if name == "module":
        return title
    if name == "size":
        return lambda row: row["height"] * row["width"]
    return lambda row: row.get(name)


def _key(value: Any) -> tuple[bool, Any]:
    """Numbers before texts."""
    return isinstance(value, str), value

"""A table as columns that are small in JSON: a constant column is one value, recurring texts are numbered.

    {"rows": 2, "constant": {"dtype": "fp32"}, "same": {"trainable_params": "params"},
     "coded": {"module": {"values": ["se", "eca"], "of": [0, 1]}}, "plain": {"params": [512, 3]}}

JavaScript's numbers hold whole ones up to 2^53 exactly; a larger count travels as a text of its digits, and
``big`` names the columns that have any.
"""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

SAFE = 2**53


def encode(columns: Mapping[str, Sequence[Any]], rows: int) -> dict[str, Any]:
    """``columns``, each of length ``rows``, in the form above. A float that is no number becomes None."""
    table: dict[str, Any] = {"rows": rows, "constant": {}, "same": {}, "coded": {}, "plain": {}, "big": []}
    names: dict[tuple[tuple[str, Any], ...], str] = {}  # of the first column that holds these values
    for name, column in columns.items():
        values = [None if isinstance(value, float) and not isfinite(value) else value for value in column]
        # 1, 1.0 and True are equal in Python, and different texts in JSON.
        typed = tuple((type(value).__name__, value) for value in values)
        if len(set(typed)) > 1 and typed in names:
            table["same"][name] = names[typed]
        else:
            _add(table, name, values)
        names.setdefault(typed, name)
    return table


def _add(table: dict[str, Any], name: str, values: Sequence[Any]) -> None:
    """Add a column in its smallest form: one value, numbered texts, or all values."""
    if len({(type(value), value) for value in values}) == 1:
        table["constant"][name] = _portable(values[0], name, table["big"])
    elif all(value is None or isinstance(value, str) for value in values):
        numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
        table["coded"][name] = {"values": list(numbers), "of": [numbers[value] for value in values]}
    else:
        table["plain"][name] = [_portable(value, name, table["big"]) for value in values]


def _portable(value: Any, name: str, big: list[str]) -> Any:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) <= SAFE:
        return value
    if name not in big:
        big.append(name)
    return str(value)

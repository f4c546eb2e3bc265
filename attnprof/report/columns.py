"""A table as columns that are small in JSON: what does not vary is said once, texts that recur are numbered.

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
    """``columns``, each of length ``rows``, as the module's docstring says.

    A float that is no number becomes None.
    """
    table: dict[str, Any] = {"rows": rows, "constant": {}, "same": {}, "coded": {}, "plain": {}, "big": []}
    seen: dict[tuple[tuple[str, Any], ...], str] = {}
    for name, given in columns.items():
        values = [None if isinstance(value, float) and not isfinite(value) else value for value in given]
        # 1, 1.0 and True are equal in Python, and different texts in JSON.
        identity = tuple((type(value).__name__, value) for value in values)
        if len(set(identity)) == 1:
            table["constant"][name] = _portable(values[0], name, table["big"])
        elif identity in seen:
            table["same"][name] = seen[identity]
        elif all(value is None or isinstance(value, str) for value in values):
            distinct = list(dict.fromkeys(values))
            numbers = {value: number for number, value in enumerate(distinct)}
            table["coded"][name] = {"values": distinct, "of": [numbers[value] for value in values]}
        else:
            table["plain"][name] = [_portable(value, name, table["big"]) for value in values]
        seen.setdefault(identity, name)
    return table


def _portable(value: Any, name: str, big: list[str]) -> Any:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) <= SAFE:
        return value
    if name not in big:
        big.append(name)
    return str(value)

"""What tells the rows of results apart, in words: module and setting, size, place in a network."""

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from attnprof.catalogue.selection import display_name
from attnprof.networks import PLAIN

Row = dict[str, Any]


def title(row: Row) -> str:
    """The module with its variant, by name where the catalogue has one: ``ge(theta)``, ``cbam(reduction=4)``.

    A network without a module is 'plain'.
    """
    if row.get("host") and row["module"] == PLAIN:
        return "plain"
    return _title(row["module"], row["variant"], row["hyperparameters"] or "{}")


@lru_cache(maxsize=10_000)  # a run has each at many sizes
def _title(module: str, variant: str, hyperparameters: str) -> str:
    return display_name(module, variant, json.loads(hyperparameters))


def size(row: Row) -> str:
    """Height and width: 28x40."""
    return f"{row['height']}x{row['width']}"


def places(rows: Sequence[Row]) -> list[str]:
    """Where in a network modules are, each place once."""
    return list(dict.fromkeys(str(row["place"]) for row in rows if row.get("place")))


def varying(rows: Sequence[Row], names: Iterable[str]) -> list[str]:
    """Those of the columns whose value is not the same in all rows."""
    return [name for name in names if len(set(map(str, {row.get(name) for row in rows}))) > 1]

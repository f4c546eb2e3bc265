"""What tells the rows of results apart, in words: module and setting, size, place in a network."""

import json
from collections.abc import Iterable, Sequence
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
    return display_name(row["module"], row["variant"], json.loads(row["hyperparameters"] or "{}"))


def size(row: Row) -> str:
    """Height and width: 28x40."""
    return f"{row['height']}x{row['width']}"


def places(rows: Sequence[Row]) -> list[str]:
    """Where in a network modules are, each place once."""
    return list(dict.fromkeys(str(row["place"]) for row in rows if row.get("place")))


def varying(rows: Sequence[Row], names: Iterable[str]) -> list[str]:
    """Those of the columns whose value is not the same in all rows."""
    return [name for name in names if len({str(row.get(name)) for row in rows}) > 1]

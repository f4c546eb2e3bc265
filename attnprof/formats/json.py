"""JSON: conditions, rows and notes for programs; numbers unrounded, a missing value null with its reason in notes."""

import json
from typing import Any

from attnprof.formats import Format, Look
from attnprof.results import Results
from attnprof.results.pivot import flat
from attnprof.results.table import SCHEMA


def render(results: Results, look: Look) -> tuple[str, list[str]]:
    """One object: schema, environment, planned, rows (each with its notes)."""
    results.require(look.columns)
    rows: list[dict[str, Any]] = []
    for shown, notes in flat(results, look.columns, look.pivot):
        if "hyperparameters" in shown:
            shown["hyperparameters"] = json.loads(shown["hyperparameters"])
        rows.append({**shown, "notes": notes})
    whole = {"schema": SCHEMA, "environment": results.environment, "planned": results.planned, "rows": rows}
    return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False), []


FORMAT = Format(help="conditions, rows and notes, for programs", render=render)

"""JSON schemas of what attnprof writes, from the types that it reads and writes: docs/schemas/*.json."""

import json
from pathlib import Path
from typing import Any

import msgspec

from attnprof.records.environment import KnownEnvironment
from attnprof.records.record import Event
from attnprof.results.header import HEADER, column_kinds
from attnprof.units import KindName
from attnprof.views.choice_data import ChoiceReport

DIALECT = "https://json-schema.org/draft/2020-12/schema"
JSON_TYPES: dict[KindName, str] = {"count": "integer", "bytes": "integer", "text": "string", "code": "string"}


def write(folder: Path) -> None:
    """Write every schema into ``folder``."""
    folder.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        text = json.dumps({"$schema": DIALECT, **schema}, indent=1) + "\n"
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


def schemas() -> dict[str, dict[str, Any]]:
    """Name of a file -> its schema, without the dialect."""
    return {
        "event": _titled(msgspec.json.schema(Event), "A line of records.jsonl"),
        "environment": _titled(msgspec.json.schema(KnownEnvironment), "environment.json of a run folder"),
        "results": results(),
        "choice": _titled(msgspec.json.schema(ChoiceReport), "attnprof pick --format json"),
    }


def results() -> dict[str, Any]:
    """The schema of what ``attnprof table --format json`` prints: columns by their kinds, in base units."""
    columns = {name: _column(kind) for name, kind in column_kinds().items()}
    usual = {name: columns.get(name, {}) for name in HEADER}
    more = {name: each for name, each in columns.items() if name not in usual}
    row = {**usual, **more, "hyperparameters": {"type": "object"}, "notes": _notes()}
    return {
        "title": "attnprof table --format json",
        "type": "object",
        "properties": {
            "schema": {"const": 1},
            "environment": {"type": "object"},
            "planned": {"type": "integer", "minimum": 0},
            "rows": {"type": "array", "items": {"type": "object", "properties": row, "required": ["notes"]}},
        },
        "required": ["schema", "environment", "planned", "rows"],
    }


def _column(kind: KindName) -> dict[str, Any]:
    return {"type": [JSON_TYPES.get(kind, "number"), "null"]}


def _notes() -> dict[str, Any]:
    described = "column -> why its value is missing, or what qualifies it"
    return {"type": "object", "additionalProperties": {"type": "string"}, "description": described}


def _titled(schema: dict[str, Any], title: str) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(schema))  # tuples become lists
    return {"title": title, **plain}


if __name__ == "__main__":
    write(Path(__file__).parent / "schemas")

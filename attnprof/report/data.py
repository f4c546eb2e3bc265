"""What the page holds: every column of the results, what the metrics are, what the catalogue says, the conditions."""

from collections.abc import Mapping, Sequence
from typing import Any

from attnprof.choosing.candidates import places_of
from attnprof.choosing.measures import measures
from attnprof.metrics import Metric, columns, in_order
from attnprof.records.record import FLAGS
from attnprof.report.columns import encode
from attnprof.report.modules import describe
from attnprof.report.quantities import main_columns, units
from attnprof.results import Results
from attnprof.results.columns import title
from attnprof.units import show_bytes
from attnprof.views.run import document as document_of_run

# Columns that set the conditions of a cell: where one varies, the page asks which value is meant.
CONDITIONS = ("mode", "batch", "dtype", "layout", "execution", "device", "device_name", "threads", "seed")
FIRST = (
    "device_name",
    "device",
    "threads",
    "cores",
    "started",
)  # what a reader asks of an environment before the rest


def contents(results: Results, name: str) -> dict[str, Any]:
    """Everything that the page of the run ``name`` knows, ready for JSON."""
    rows, frame = results.rows(), results.frame
    texts = {str(key): frame[key].tolist() for key in frame.columns} | {"title": _titles(rows)}
    keys = dict.fromkeys(str(row["module"]) for row in rows)
    described = {key: describe(key) for key in keys}
    return {
        "name": name,
        "caption": _caption(results),
        "environment": _environment(results),
        "spec": results.spec.to_toml()
        if "started" in results.environment
        else "",  # a bare CSV does not hold its spec
        "planned": results.planned,
        "main": main_columns([key for key in texts if _has_figures(results, key)]),
        "units": units(),
        "table": encode(texts, len(rows)),
        "notes": _notes(results),
        "metrics": _metrics(results),
        "conditions": [key for key in CONDITIONS if key in frame.columns],
        "options": _options(),
        "flags": FLAGS,
        "modules": {key: each for key, each in described.items() if each},
    }


def _titles(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each row is called, with its place in the network where the module stands in several."""
    places = places_of(rows)
    several = [len(places[row["module"], row["variant"], row["host"] or ""]) > 1 for row in rows]
    return [
        f"{title(dict(row))} {row['place']}" if more else title(dict(row))
        for row, more in zip(rows, several, strict=True)
    ]


def _caption(results: Results) -> list[str]:
    """The conditions, and what the metrics mean that the table has without being asked."""
    document = document_of_run(results)
    return document.remarks(document.columns)


def _options() -> dict[str, dict[str, str]]:
    """Mode -> column -> the option of ``attnprof pick`` that bounds it."""
    options: dict[str, dict[str, str]] = {"eval": {}, "train": {}}
    for measure in measures().values():
        if measure.column:
            end = "min" if measure.more else "max"
            options[measure.mode][measure.column] = f"--{end}-{measure.name.replace('_', '-')}"
    return options


def _metrics(results: Results) -> list[dict[str, Any]]:
    """The metrics that have a figure in some row, in the order of the table for people."""
    names = [name for column, name in columns().items() if _has_figures(results, column)]
    return [_metric(results, metric) for metric in in_order(names)]


def _metric(results: Results, metric: Metric) -> dict[str, Any]:
    low, high = (end if end in results.frame.columns else "" for end in metric.ends)
    return {
        "column": metric.column,
        "title": metric.title,
        "help": metric.help,
        "kind": "share" if metric.kind == "share" else metric.unit,
        "better": metric.better,
        "counter": metric.counter,
        "low": low,
        "high": high,
        "shown": metric.shown,
    }


def _has_figures(results: Results, key: str) -> bool:
    return key in results.frame.columns and any(
        isinstance(value, int | float) for value in results.frame[key]
    )


def _notes(results: Results) -> dict[str, dict[str, list[int]]]:
    """column -> note -> the rows it is true of."""
    notes: dict[str, dict[str, list[int]]] = {}
    for (row, key), text in results.notes.items():
        notes.setdefault(key, {}).setdefault(text, []).append(row)
    return notes


def _environment(results: Results) -> dict[str, str]:
    # Measured peaks are a table of their own, in environment.json: none of it is a word of the conditions.
    known = {key: _text(key, value) for key, value in results.environment.items() if key != "peaks"}
    return {key: known[key] for key in dict.fromkeys((*FIRST, *known)) if known.get(key)}


def _text(key: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_text(name, each)}" for name, each in value.items())
    if key.endswith("_bytes") and isinstance(value, int):
        return show_bytes(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)

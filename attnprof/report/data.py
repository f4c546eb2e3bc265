"""The page's data: every column of the results, the metrics, ranks, modules' entries, conditions."""

from collections.abc import Mapping, Sequence
from typing import Any

from attnprof.choosing.candidates import places_of
from attnprof.choosing.measures import measures
from attnprof.metrics import Metric, columns, in_order
from attnprof.records.case import CONDITIONS
from attnprof.records.environment import PLACEMENTS, SPEC_TEXT
from attnprof.records.record import FLAGS
from attnprof.report.columns import encode
from attnprof.report.modules import describe
from attnprof.report.quantities import main_columns, units
from attnprof.report.ranks import runtime_ranks
from attnprof.results import Results
from attnprof.results.columns import title
from attnprof.units import show_bytes
from attnprof.views.run import document as document_of_run

# Columns that set the conditions of a cell: where one varies, the page has a control for it.
CHOICES = ("mode", *CONDITIONS, "device_name", "seed")
# Of an environment: a table of its own in environment.json, what the rows say, a text of its own.
APART = ("peaks", PLACEMENTS, SPEC_TEXT)
FIRST = ("device_name", "device", "threads", "cores", "started")  # of an environment, in this order


def contents(results: Results, name: str, total: int = 0) -> dict[str, Any]:
    """The data of the page of the run ``name``, ready for JSON. total: rows of the run, where it has more."""
    rows, frame = results.rows(), results.frame
    columns = {str(key): frame[key].tolist() for key in frame.columns} | {"title": _titles(rows)}
    modules = {key: describe(key) for key in dict.fromkeys(str(row["module"]) for row in rows)}
    return {
        "name": name,
        "caption": _caption(results, total),
        "environment": _environment(results),
        "spec": _spec(results),
        "planned": results.planned,
        "main": main_columns([key for key in columns if _has_figures(results, key)]),
        "units": units(),
        "table": encode(columns, len(rows)),
        "ranks": runtime_ranks(rows),
        "notes": _notes(results),
        "metrics": _metrics(results),
        "conditions": [key for key in CHOICES if key in frame.columns],
        "options": _options(),
        "flags": FLAGS,
        "modules": {key: entry for key, entry in modules.items() if entry},
    }


def _spec(results: Results) -> str:
    """The spec as TOML; empty for a bare CSV, which does not hold its spec."""
    return results.spec.to_toml() if "started" in results.environment else ""


def _titles(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The title of each row, with its place in the network where the module is in several."""
    places = places_of(rows)
    several = [len(places[row["module"], row["variant"], row["host"] or ""]) > 1 for row in rows]
    return [
        f"{title(dict(row))} {row['place']}" if more else title(dict(row))
        for row, more in zip(rows, several, strict=True)
    ]


def _caption(results: Results, total: int) -> list[str]:
    """The conditions, and the meaning of the metrics that a table shows by default.

    total: how many rows the run has.
    """
    document = document_of_run(results)
    conditions, *meanings = document.remarks(document.columns)
    if len(results.frame) < total:
        conditions = f"the first {len(results.frame)} of {total} rows, the largest maps first; {conditions}"
    return [conditions, *meanings]


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
    texts = {key: _text(key, value) for key, value in results.environment.items() if key not in APART}
    return {key: texts[key] for key in dict.fromkeys((*FIRST, *texts)) if texts.get(key)}


def _text(key: str, value: Any) -> str:
    if isinstance(value, Mapping):
        parts = [f"{name}={_text(name, part)}" for name, part in value.items() if name != PLACEMENTS]
        return ", ".join(parts)
    if key.endswith("_bytes") and isinstance(value, int):
        return show_bytes(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)

"""Two runs compared, for programs: one row per cell, or one object."""

import csv
import json
from dataclasses import asdict
from io import StringIO
from typing import Any

from attnprof.comparison.changes import Change
from attnprof.comparison.ratios import VERDICTS, Outcome
from attnprof.comparison.runs import Cell, Comparison, Ran
from attnprof.results import safe_text

SCHEMA = 1
CONDITIONS = ("host", "place", "module", "variant", "channels", "height", "width", "batch", "dtype", "layout", "device")
HEADER = (
    *CONDITIONS, "threads", "mode", "execution", "metric", "before_s", "before_processes", "after_s", "after_processes", "ratio",
    "ratio_ci_low", "ratio_ci_high", "verdict", "why", "before_status", "after_status", "before_flags", "after_flags", "changes",
)  # fmt: skip
TEXTS = ("host", "place", "module", "variant", "why")


def as_csv(found: Comparison) -> str:
    """One row per cell that both runs have; what is missing is empty. changes: as JSON, metric -> [before, after]."""
    out = StringIO()
    table = csv.DictWriter(out, HEADER, lineterminator="\n")
    table.writeheader()
    for cell in found.cells:
        row = _row(cell, found.metric)
        table.writerow({**row, **{name: safe_text(row[name]) for name in TEXTS}})
    return out.getvalue().rstrip("\n")


def _row(cell: Cell, metric: str) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(cell.case, name) for name in (*CONDITIONS, "threads", "mode", "execution")}
    outcome = cell.outcome
    low, high = (outcome.interval or (None, None)) if outcome else (None, None)
    row |= {"metric": metric, "ratio": outcome and outcome.ratio, "ratio_ci_low": low, "ratio_ci_high": high}
    row |= {"verdict": outcome.verdict if outcome else "", "why": outcome.why if outcome else cell.reason}
    times = (outcome.before, outcome.after) if outcome else (None, None)
    sides = zip(("before", "after"), times, cell.ended, cell.flags, strict=True)
    for name, side, status, flags in sides:
        row |= {f"{name}_s": side and side.seconds, f"{name}_processes": len(side.processes) if side else None}
        row |= {f"{name}_status": status, f"{name}_flags": " ".join(flags)}
    changes = {change.metric: [change.before, change.after] for change in cell.changes}
    return row | {"changes": json.dumps(changes) if changes else ""}


def as_json(found: Comparison) -> str:
    """Everything: both runs, each cell, what is unlike, and whether the gate holds."""
    whole = {
        "schema": SCHEMA,
        "holds": found.holds,
        "before": _run(found.before),
        "after": _run(found.after),
        "unlike": [asdict(each) for each in found.unlike],
        "metric": found.metric,
        "tolerance": found.tolerance,
        "counts": {verdict: len(found.called(verdict)) for verdict in VERDICTS},
        "overall": _outcome(found.overall),
        "machine": _outcome(found.machine),
        "cells": [_cell(cell) for cell in found.cells],
        "only_before": [case.to_json() for case in found.only_before],
        "only_after": [case.to_json() for case in found.only_after],
    }
    return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False)


def _run(run: Ran) -> dict[str, Any]:
    return {"name": run.name, **{name: run.environment.get(name) for name in ("run_id", "started", "commit")}}


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "case": cell.case.to_json(),
        "status": list(cell.ended),
        "flags": [list(flags) for flags in cell.flags],
        "outcome": _outcome(cell.outcome),
        "reason": cell.reason,
        "edited": cell.edited,
        "changes": [_change(change) for change in cell.changes],
    }


def _outcome(outcome: Outcome | None) -> dict[str, Any] | None:
    return None if outcome is None else {**asdict(outcome), "ratio": outcome.ratio}


def _change(change: Change) -> dict[str, Any]:
    return {**asdict(change), "share": change.share}

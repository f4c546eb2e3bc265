"""Two runs compared, for programs: CSV with a record per cell, and JSON with everything."""

import json
from dataclasses import asdict
from typing import Any

from attnprof.comparison.changes import Change
from attnprof.comparison.ratios import VERDICTS, Outcome
from attnprof.comparison.runs import ComparedCell, Comparison, Ran

SCHEMA = 1
CASE_FIELDS = (
    "host",
    "place",
    "module",
    "variant",
    "channels",
    "height",
    "width",
    "batch",
    "dtype",
    "layout",
    "device",
)
HEADER = (
    *CASE_FIELDS, "threads", "mode", "execution", "metric",
    "before_s", "before_processes", "after_s", "after_processes", "ratio", "ratio_ci_low", "ratio_ci_high",
    "verdict", "why", "before_status", "after_status", "before_flags", "after_flags", "changes", "control",
)  # fmt: skip


def records(comparison: Comparison) -> list[dict[str, Any]]:
    """A record per cell, with the fields of HEADER."""
    return [_record(cell, comparison.metric) for cell in comparison.cells]


def _record(cell: ComparedCell, metric: str) -> dict[str, Any]:
    changes = {change.metric: [change.before, change.after] for change in cell.changes}
    fields = {
        **{name: getattr(cell.case, name) for name in (*CASE_FIELDS, "threads", "mode", "execution")},
        "metric": metric,
        **_outcome_fields(cell),
        **_run_fields("before", 0, cell),
        **_run_fields("after", 1, cell),
        "changes": json.dumps(changes) if changes else "",
    }
    return {name: fields[name] for name in HEADER}


def _outcome_fields(cell: ComparedCell) -> dict[str, Any]:
    """The ratio and its verdict; where a run has no time, the reason instead."""
    outcome = cell.outcome
    if outcome is None:
        blank = dict.fromkeys(("ratio", "ratio_ci_low", "ratio_ci_high"))
        return {**blank, "verdict": "", "why": cell.reason, "control": ""}
    low, high = outcome.interval or (None, None)
    return {
        "ratio": outcome.ratio,
        "ratio_ci_low": low,
        "ratio_ci_high": high,
        "verdict": outcome.verdict,
        "why": outcome.why,
        "control": cell.control,
    }


def _run_fields(name: str, run: int, cell: ComparedCell) -> dict[str, Any]:
    """What one run has of the cell. name: what its fields begin with. run: 0 is before, 1 after."""
    side = (cell.outcome.before, cell.outcome.after)[run] if cell.outcome else None
    return {
        f"{name}_s": cell.seconds[run] if side else None,
        f"{name}_processes": len(side.processes) if side else None,
        f"{name}_status": cell.ended[run],
        f"{name}_flags": " ".join(cell.flags[run]),
    }


def data(comparison: Comparison) -> dict[str, Any]:
    """Everything: both runs, each cell, what is unlike, and whether the gate holds."""
    return {
        "schema": SCHEMA,
        "holds": comparison.holds,
        "before": _run(comparison.before),
        "after": _run(comparison.after),
        "unlike": [asdict(each) for each in comparison.unlike],
        "metric": comparison.metric,
        "tolerance": comparison.tolerance,
        "counts": {verdict: len(comparison.called(verdict)) for verdict in VERDICTS},
        "overall": _outcome(comparison.overall),
        "machine": _outcome(comparison.machine),
        "cells": [_cell(cell) for cell in comparison.cells],
        "only_before": [case.to_json() for case in comparison.only_before],
        "only_after": [case.to_json() for case in comparison.only_after],
    }


def _run(run: Ran) -> dict[str, Any]:
    return {"name": run.name, **{name: run.environment.get(name) for name in ("run_id", "started", "commit")}}


def _cell(cell: ComparedCell) -> dict[str, Any]:
    return {
        "case": cell.case.to_json(),
        "status": list(cell.ended),
        "flags": [list(flags) for flags in cell.flags],
        "outcome": _outcome(cell.outcome),
        "seconds": list(cell.seconds),
        "control": cell.control,
        "reason": cell.reason,
        "edited": cell.edited,
        "changes": [_change(change) for change in cell.changes],
    }


def _outcome(outcome: Outcome | None) -> dict[str, Any] | None:
    return None if outcome is None else {**asdict(outcome), "ratio": outcome.ratio}


def _change(change: Change) -> dict[str, Any]:
    return {**asdict(change), "share": change.share}

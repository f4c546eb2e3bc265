"""Two runs compared, as people read it: the table, what changed besides times, and what it comes to."""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from io import StringIO
from itertools import groupby
from textwrap import fill
from typing import Any

from attnprof.comparison.changes import Change
from attnprof.comparison.ratios import FASTER, SAME, SLOWER, UNCLEAR, VERDICTS, Outcome
from attnprof.comparison.runs import ComparedCell as Cell
from attnprof.comparison.runs import Comparison, Ran
from attnprof.formats import Look, md, text
from attnprof.networks import PLAIN
from attnprof.records.environment import Environment
from attnprof.records.record import FLAGS
from attnprof.results.columns import Column
from attnprof.results.table import safe_text
from attnprof.units import show_change, show_count, show_seconds, significant
from attnprof.views.sheet import Sheet

ORDER = (SLOWER, FASTER, UNCLEAR, SAME)
MOST_LISTED = 6  # names of cells that only one run has
TITLES = {
    "macs": "MACs",
    "flops": "FLOPs",
    "activation_memory": "activation memory",
    "peak_memory": "peak memory",
    "kept_memory": "kept memory",
    "bytes_moved": "bytes moved",
    "minimal_bytes": "minimal bytes",
}
ADVICE = "Unclear: more processes tell more. attnprof run --quality paper, and a longer --time-budget."


def as_text(found: Comparison, look: Look) -> tuple[str, list[str]]:
    """Conditions, the table where anything was timed, and the outcome; and notes on columns that did not fit."""
    width = look.width or 10_000
    below = [fill(line, width, subsequent_indent="  ") for line in below_of(found)]
    if not any(cell.outcome for cell in found.cells):
        return "\n".join([*head_of(found), "", *below]), []
    table, dropped = text.typeset(sheet_of(found, width), lambda kept: head_of(found), look)
    return "\n".join([table, "", *below]), dropped


def as_md(found: Comparison) -> str:
    """The same, as Markdown."""
    lines = [*head_of(found), *below_of(found)]
    if any(cell.outcome for cell in found.cells):
        return md.typeset(sheet_of(found, 10_000), lines)
    return md.typeset(Sheet([], [], []), lines).partition("\n\n")[2]


def head_of(found: Comparison) -> list[str]:
    """What A and B are, on what they ran, and what the headings mean."""
    lines = [
        f"{letter}  {_said_of(run.name, run.environment)}"
        for letter, run in (("A", found.before), ("B", found.after))
    ]
    case, machine = found.cells[0].case, found.after.environment
    where = f"{case.device} ({machine.get('device_name') or 'no data'}, {case.threads} thread{'s'[: case.threads != 1]})"
    if case.device == "meta":
        where = "counted on meta tensors"
    how = [
        *(_sizes(found.cells) if len(_sizes(found.cells)) == 1 else []),
        f"batch {case.batch}",
        case.dtype,
        *filter(None, [case.autocast and f"autocast {case.autocast}"]),
        where,
    ]
    how += [word for word in (case.layout, case.execution) if word not in ("contiguous", "eager")]
    lines.append(", ".join(how))
    if any(cell.outcome for cell in found.cells):
        lines.append(f"{found.metric}: median of the processes; B/A with its 95 % interval, from processes.")
        lines.append(f"slower, faster: all of it beyond {_share(found.tolerance)}; same: all of it within.")
    return lines


def _sizes(cells: Sequence[Cell]) -> list[str]:
    return list(dict.fromkeys(f"{cell.case.height}x{cell.case.width}" for cell in cells))


def _share(tolerance: float) -> str:
    return f"± {100 * tolerance:g} %"


def _said_of(name: str, environment: Environment) -> str:
    started = str(environment.get("started") or "").replace("T", " ")[:16]
    commit = environment.get("commit")
    return ", ".join(filter(None, [name, started, f"commit {commit}" if commit else ""]))


def sheet_of(found: Comparison, width: int) -> Sheet:
    """One row per cell with a time: the slower ones first, then the faster, the unclear and the same."""
    rows = [cell for verdict in ORDER for cell in found.called(verdict)]
    several, modes = len(_sizes(rows)) > 1, len({cell.case.mode for cell in rows}) > 1
    inside, told = (
        any(cell.case.host for cell in rows),
        any(cell.outcome and cell.outcome.interval for cell in rows),
    )
    shown = [
        ("network", False, 100, inside), ("C", True, 100, not inside), ("HxW", True, 99, several), ("mode", False, 98, modes),
        ("module", False, 100, True),
        ("place", False, 70, len({cell.case.place for cell in rows if cell.case.place}) > 1), ("A", True, 50, True), ("B", True, 50, True), ("B/A", True, 95, True),
        ("95 %", False, 80, told), ("verdict", False, 100, True), ("", False, 40, True),
    ]  # fmt: skip
    kept = [n for n, (_, _, _, worth) in enumerate(shown) if worth]
    notes: dict[str, int] = {}
    cells = [_texts(cell, notes) for cell in rows]
    columns = [
        Column(shown[n][0] or "note", shown[n][0], shown[n][2], lambda row: "", shown[n][1]) for n in kept
    ]
    footnotes = [fill(f"[{n}] {said}", width, subsequent_indent="    ") for said, n in notes.items()]
    return Sheet(columns, [[row[n] for n in kept] for row in cells], footnotes)


def _texts(cell: Cell, notes: dict[str, int]) -> list[str]:
    case, outcome = cell.case, cell.outcome
    assert outcome is not None
    remarks = [outcome.why] if outcome.why else []
    for flag in dict.fromkeys([*cell.flags[0], *cell.flags[1]]):
        runs = " and ".join(letter for letter, flags in zip("AB", cell.flags, strict=True) if flag in flags)
        remarks.append(f"{runs} {flag}: {FLAGS.get(flag, 'a flag of another version')}")
    remarks += ["its file was edited between A and B"] if cell.edited else []
    marks = " ".join(f"[{notes.setdefault(remark, len(notes) + 1)}]" for remark in remarks)
    return [
        case.host, str(case.channels), f"{case.height}x{case.width}", case.mode,
        "plain" if case.host and case.module == PLAIN else case.title, case.place,
        show_seconds(outcome.before.seconds), show_seconds(outcome.after.seconds), show_ratio(outcome.ratio),
        show_interval(outcome), outcome.verdict, marks,
    ]  # fmt: skip


def show_ratio(ratio: float) -> str:
    """A ratio as a factor: '1.03x'; three digits, two places near one."""
    return f"{ratio:.2f}x" if 0.1 <= ratio < 10 else f"{significant(ratio)}x"


def show_interval(outcome: Outcome) -> str:
    """'0.98 to 1.04', or nothing."""
    return " to ".join(show_ratio(end)[:-1] for end in outcome.interval) if outcome.interval else ""


def below_of(found: Comparison) -> list[str]:
    """What changed besides times, what only one run has, what was unlike, and what it comes to."""
    lines = changes_of(found)
    lines += [f"{cell.case.label} was ok and is {cell.ended[1]}: {cell.reason}" for cell in found.broken]
    for letter, cases in (("A", found.only_before), ("B", found.only_after)):
        if cases:
            names = ", ".join(case.label for case in cases[:MOST_LISTED])
            more = f" and {len(cases) - MOST_LISTED} more" if len(cases) > MOST_LISTED else ""
            lines.append(f"only in {letter}: {names}{more}")
    unlike = [str(each) for each in found.unlike if each.name != "commit"]  # the head says the commits
    lines += [f"not alike: {'; '.join(unlike)}"] if unlike else []
    lines += [_machine(found)] if found.machine_changed else []
    return [*lines, *([""] if lines else []), *outcome_of(found)]


def changes_of(found: Comparison) -> list[str]:
    """Every figure besides times that is not what it was, exactly: a line for each cell."""
    listed = [(cell, each) for cell in found.cells for each in cell.changes]
    return [
        f"{cell.case.label}: {', '.join(show_change_of(each) for _, each in group)}"
        for cell, group in groupby(listed, key=lambda pair: pair[0])
    ]


def show_change_of(change: Change) -> str:
    """'params 512 -> 516 (+0.78 %)'."""
    share = f" ({show_change(change.share)})" if change.share is not None else ""
    name = TITLES.get(change.metric, change.metric.replace("_", " "))
    return f"{name} {_exact(change.before)} -> {_exact(change.after)}{' B' * (change.unit == 'bytes')}{share}"


def _exact(value: int | float | str) -> str:
    return show_count(value) if isinstance(value, int) else str(value)


def _machine(found: Comparison) -> str:
    assert found.machine
    return (
        f"the machine itself is {SLOWER if found.machine.ratio > 1 else FASTER}: a product that is the same in every run takes"
        f" {show_ratio(found.machine.ratio)} ({show_interval(found.machine)}). Measure A again"
    )


def outcome_of(found: Comparison) -> list[str]:
    """The last lines: how many cells of each verdict, all cells together, and the counts."""
    timed = [cell for cell in found.cells if cell.outcome]
    lines = []
    if timed:
        counts = ", ".join(f"{len(found.called(verdict))} {verdict}" for verdict in ORDER)
        lines.append(f"{_cells(len(timed))}: {counts}{_together(found)}")
    if found.called(UNCLEAR):
        lines.append(ADVICE)
    if len(timed) * 0.05 >= 1:
        lines.append(
            f"Of {len(timed)} equal cells, about {round(len(timed) * 0.05)} may look different by chance."
        )
    changed = len({cell.case for cell, _ in found.changed})
    lines.append(f"Counts or memory changed in {_cells(changed)}." if changed else "No count changed.")
    if found.broken:
        lines.append(f"{_cells(len(found.broken))} can no longer be measured.")
    return lines


def _together(found: Comparison) -> str:
    if found.overall is None:
        return "."
    interval = f" ({show_interval(found.overall)})" if found.overall.interval else ""
    return f"; geometric mean {show_ratio(found.overall.ratio)}{interval}."


def _cells(count: int) -> str:
    return f"{count} cell{'' if count == 1 else 's'}"


SCHEMA = 1
CONDITIONS = (
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
    row: dict[str, Any] = {
        name: getattr(cell.case, name) for name in (*CONDITIONS, "threads", "mode", "execution")
    }
    outcome = cell.outcome
    low, high = (outcome.interval or (None, None)) if outcome else (None, None)
    row |= {"metric": metric, "ratio": outcome and outcome.ratio, "ratio_ci_low": low, "ratio_ci_high": high}
    row |= {"verdict": outcome.verdict if outcome else "", "why": outcome.why if outcome else cell.reason}
    times = (outcome.before, outcome.after) if outcome else (None, None)
    sides = zip(("before", "after"), times, cell.ended, cell.flags, strict=True)
    for name, side, status, flags in sides:
        row |= {
            f"{name}_s": side and side.seconds,
            f"{name}_processes": len(side.processes) if side else None,
        }
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

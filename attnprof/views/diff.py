"""Two runs compared, as people read it: the table, what changed besides times, and what it comes to."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from attnprof.comparison.changes import Change
from attnprof.comparison.ratios import FASTER, SAME, SLOWER, UNCLEAR, VERDICTS, Outcome
from attnprof.comparison.runs import ComparedCell, Comparison, Ran
from attnprof.metrics import METRICS
from attnprof.networks import PLAIN
from attnprof.records.environment import Environment
from attnprof.records.record import FLAGS
from attnprof.units import show_change, show_count, significant
from attnprof.views.document import Document, Remark, TableCell, TableColumn

ORDER = (SLOWER, FASTER, UNCLEAR, SAME)
MOST_LISTED = 6  # names of cells that only one run has
ADVICE = "Unclear: more processes tell more. attnprof run --quality paper, and a longer --time-budget."


def document(comparison: Comparison) -> Document:
    """Two runs compared: conditions, the times, what changed besides, and the outcome."""
    notes: dict[str, int] = {}
    shown = (
        [column for column in COLUMNS if _worth_showing(column.name, comparison)]
        if _timed(comparison)
        else []
    )
    rows = [cell for verdict in ORDER for cell in comparison.called(verdict)] if shown else []
    texts = [_cells_of(cell, notes) for cell in rows]
    return Document(
        columns=shown,
        rows=[[cells[column.name] for column in shown] for cells in texts],
        above=[Remark(line) for line in head_of(comparison)],
        footnotes=[f"[{number}] {text}" for text, number in notes.items()],
        below=below_of(comparison),
        header=HEADER,
        records=lambda: [_row(cell, comparison.metric) for cell in comparison.cells],
        data=lambda: _data(comparison),
    )


def _timed(comparison: Comparison) -> bool:
    return any(cell.outcome for cell in comparison.cells)


def head_of(comparison: Comparison) -> list[str]:
    """What A and B are, on what they ran, and what the headings mean."""
    lines = [
        f"{letter}  {_said_of(run.name, run.environment)}"
        for letter, run in (("A", comparison.before), ("B", comparison.after))
    ]
    case, machine = comparison.cells[0].case, comparison.after.environment
    threads = f"{case.threads} thread{'' if case.threads == 1 else 's'}"
    where = f"{case.device} ({machine.get('device_name') or 'no data'}, {threads})"
    if case.device == "meta":
        where = "counted on meta tensors"
    how = [
        *(_sizes(comparison.cells) if len(_sizes(comparison.cells)) == 1 else []),
        f"batch {case.batch}",
        case.dtype,
        *filter(None, [case.autocast and f"autocast {case.autocast}"]),
        where,
    ]
    how += [word for word in (case.layout, case.execution) if word not in ("contiguous", "eager")]
    lines.append(", ".join(how))
    if any(cell.outcome for cell in comparison.cells):
        lines.append(f"{comparison.metric}: middle of the processes; {_judged(comparison)}")
        lines.append(
            f"slower, faster: all of it beyond {_share(comparison.tolerance)}; same: all of it within."
        )
    return lines


def _judged(comparison: Comparison) -> str:
    """What B/A is of, in a sentence."""
    if not comparison.controls:
        return "B/A with its 95 % interval, from processes."
    first, *others = comparison.controls
    own = f" ({first}: over {others[0]}'s)" if others else ""
    return f"B/A: of times over {first}'s in the same process{own}, 95 % from processes."


def _sizes(cells: Sequence[ComparedCell]) -> list[str]:
    return list(dict.fromkeys(f"{cell.case.height}x{cell.case.width}" for cell in cells))


def _share(tolerance: float) -> str:
    return f"± {100 * tolerance:g} %"


def _said_of(name: str, environment: Environment) -> str:
    started = str(environment.get("started") or "").replace("T", " ")[:16]
    commit = environment.get("commit")
    return ", ".join(filter(None, [name, started, f"commit {commit}" if commit else ""]))


COLUMNS = (
    TableColumn("host", "network", right=False),
    TableColumn("channels", "C"),
    TableColumn("size", "HxW"),
    TableColumn("mode", "mode", right=False),
    TableColumn("module", "module", right=False),
    TableColumn("place", "place", right=False),
    TableColumn("before_s", "A", "seconds", keep=50),
    TableColumn("after_s", "B", "seconds", keep=50),
    TableColumn("ratio", "B/A", keep=95),
    TableColumn("ratio_ci", "95 %", keep=80, right=False),
    TableColumn("verdict", "verdict", right=False),
    TableColumn("note", "note", keep=40, right=False),
)


def _worth_showing(column: str, comparison: Comparison) -> bool:
    """Whether a column says something of these cells: it tells them apart, or some of them have it."""
    timed = [cell for cell in comparison.cells if cell.outcome]
    inside = any(cell.case.host for cell in timed)
    worth = {
        "host": inside,
        "channels": not inside,
        "size": len(_sizes(timed)) > 1,
        "mode": len({cell.case.mode for cell in timed}) > 1,
        "place": len({cell.case.place for cell in timed if cell.case.place}) > 1,
        "ratio_ci": any(cell.outcome and cell.outcome.interval for cell in timed),
        "note": any(_remarks(cell) for cell in timed),
    }
    return worth.get(column, True)


def _remarks(cell: ComparedCell) -> list[str]:
    """What qualifies a cell's verdict: why it is unclear, the flags of both runs, an edited file."""
    remarks = [cell.outcome.why] if cell.outcome and cell.outcome.why else []
    for flag in dict.fromkeys([*cell.flags[0], *cell.flags[1]]):
        runs = " and ".join(letter for letter, flags in zip("AB", cell.flags, strict=True) if flag in flags)
        remarks.append(f"{runs} {flag}: {FLAGS.get(flag, 'a flag of another version')}")
    if cell.edited:
        remarks.append("its file was edited between A and B")
    return remarks


def _cells_of(cell: ComparedCell, notes: dict[str, int]) -> dict[str, TableCell]:
    """A cell's row, by column. notes: footnote -> its number."""
    case, outcome = cell.case, cell.outcome
    assert outcome is not None
    marks = [f"[{notes.setdefault(remark, len(notes) + 1)}]" for remark in _remarks(cell)]
    plain = bool(case.host) and case.module == PLAIN
    texts = {
        "host": case.host,
        "channels": str(case.channels),
        "size": f"{case.height}x{case.width}",
        "mode": case.mode,
        "module": "plain" if plain else case.title,
        "place": case.place,
        "ratio": show_ratio(outcome.ratio),
        "ratio_ci": show_interval(outcome),
        "verdict": outcome.verdict,
        "note": " ".join(marks),
    }
    cells = {name: TableCell(text or None) for name, text in texts.items()}
    cells["before_s"], cells["after_s"] = map(TableCell, cell.seconds)
    return cells


def show_ratio(ratio: float) -> str:
    """A ratio as a factor: '1.03x'; three digits, two places near one."""
    return f"{ratio:.2f}x" if 0.1 <= ratio < 10 else f"{significant(ratio)}x"


def show_interval(outcome: Outcome) -> str:
    """'0.98 to 1.04', or nothing."""
    return " to ".join(show_ratio(end)[:-1] for end in outcome.interval) if outcome.interval else ""


def below_of(comparison: Comparison) -> list[str]:
    """What changed besides times, what only one run has, what was unlike, and what it comes to."""
    lines = changes_of(comparison)
    lines += [f"{cell.case.label} was ok and is {cell.ended[1]}: {cell.reason}" for cell in comparison.broken]
    for letter, cases in (("A", comparison.only_before), ("B", comparison.only_after)):
        if cases:
            names = ", ".join(case.label for case in cases[:MOST_LISTED])
            more = f" and {len(cases) - MOST_LISTED} more" if len(cases) > MOST_LISTED else ""
            lines.append(f"only in {letter}: {names}{more}")
    unlike = [str(each) for each in comparison.unlike if each.name != "commit"]  # the head says the commits
    lines += [f"not alike: {'; '.join(unlike)}"] if unlike else []
    lines += [_machine(comparison)] if comparison.machine_changed else []
    return [*lines, *([""] if lines else []), *outcome_of(comparison)]


def changes_of(comparison: Comparison) -> list[str]:
    """Every figure besides times that is not what it was, exactly: a line for each cell."""
    listed = [(cell, each) for cell in comparison.cells for each in cell.changes]
    return [
        f"{cell.case.label}: {', '.join(show_change_of(each) for _, each in group)}"
        for cell, group in groupby(listed, key=lambda pair: pair[0])
    ]


def show_change_of(change: Change) -> str:
    """'params 512 -> 516 (+0.78 %)'."""
    share = f" ({show_change(change.share)})" if change.share is not None else ""
    title = METRICS.get(change.metric).title if change.metric in METRICS else ""
    name = title or change.metric.replace("_", " ")
    return f"{name} {_exact(change.before)} -> {_exact(change.after)}{' B' * (change.unit == 'bytes')}{share}"


def _exact(value: int | float | str) -> str:
    return show_count(value) if isinstance(value, int) else str(value)


def _machine(comparison: Comparison) -> str:
    assert comparison.machine
    change = f"{abs(comparison.machine.ratio - 1):.0%}".replace("%", " %")
    direction = SLOWER if comparison.machine.ratio > 1 else FASTER
    interval = show_interval(comparison.machine)
    control = f"control matmul: {interval}x" if interval else "control matmul"
    advice = "; B/A leaves that out" if comparison.controls else ". Measure A again"
    return f"this machine ran {change} {direction} ({control}){advice}"


def outcome_of(comparison: Comparison) -> list[str]:
    """The last lines: how many cells of each verdict, all cells together, and the counts."""
    timed = [cell for cell in comparison.cells if cell.outcome]
    lines = []
    if timed:
        counts = ", ".join(f"{len(comparison.called(verdict))} {verdict}" for verdict in ORDER)
        lines.append(f"{_cells(len(timed))}: {counts}{_together(comparison)}")
    if comparison.called(UNCLEAR):
        lines.append(ADVICE)
    if len(timed) * 0.05 >= 1:
        lines.append(
            f"Of {len(timed)} equal cells, about {round(len(timed) * 0.05)} may look different by chance."
        )
    changed = len({cell.case for cell, _ in comparison.changed})
    lines.append(f"Counts or memory changed in {_cells(changed)}." if changed else "No count changed.")
    if comparison.broken:
        lines.append(f"{_cells(len(comparison.broken))} can no longer be measured.")
    return lines


def _together(comparison: Comparison) -> str:
    if comparison.overall is None:
        return "."
    interval = f" ({show_interval(comparison.overall)})" if comparison.overall.interval else ""
    return f"; geometric mean {show_ratio(comparison.overall.ratio)}{interval}."


def _cells(count: int) -> str:
    return f"{count} cell{'' if count == 1 else 's'}"


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


def _row(cell: ComparedCell, metric: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: getattr(cell.case, name) for name in (*CASE_FIELDS, "threads", "mode", "execution")
    }
    outcome = cell.outcome
    low, high = (outcome.interval or (None, None)) if outcome else (None, None)
    row |= {"metric": metric, "ratio": outcome and outcome.ratio, "ratio_ci_low": low, "ratio_ci_high": high}
    row |= {"verdict": outcome.verdict if outcome else "", "why": outcome.why if outcome else cell.reason}
    times = (outcome.before, outcome.after) if outcome else (None, None)
    sides = zip(("before", "after"), times, cell.seconds, cell.ended, cell.flags, strict=True)
    for name, side, seconds, status, flags in sides:
        row |= {
            f"{name}_s": seconds if side else None,
            f"{name}_processes": len(side.processes) if side else None,
        }
        row |= {f"{name}_status": status, f"{name}_flags": " ".join(flags)}
    changes = {change.metric: [change.before, change.after] for change in cell.changes}
    row["changes"] = json.dumps(changes) if changes else ""
    row["control"] = cell.control if outcome else ""
    return {name: row[name] for name in HEADER}


def _data(comparison: Comparison) -> dict[str, Any]:
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

"""The end of a run: results.csv, the table, what a reader should know of it, and the exit code."""

import shlex
from collections.abc import Set as AbstractSet
from itertools import islice
from pathlib import Path

from attnprof.catalogue.selection import stands_for_several
from attnprof.cli._in_parts import write_in_parts
from attnprof.cli._measuring import Ends
from attnprof.cli._results import write_document
from attnprof.cli._terminal import Terminal
from attnprof.errors import CELLS_FAILED, INTERRUPTED
from attnprof.metrics import MACS
from attnprof.planning import Plan
from attnprof.records.environment import Environment
from attnprof.records.journal import RESULTS
from attnprof.results import Results
from attnprof.results.folder import FolderParts
from attnprof.results.outline import outline_of_plan
from attnprof.results.parquet import can_write, write_apart
from attnprof.results.table import joined_parts
from attnprof.running.racing import SURE
from attnprof.spec.fields import AUTO
from attnprof.views.run import document as document_of_run
from attnprof.views.screen import Wish

MANY = 10_000  # cells from which on a table is written in parts, and its first lines are shown
FIRST_LINES = 50
PARQUET = "results.parquet"  # beside results.csv, of a table that is written in parts
LINES_AT_ONCE = 1000
FAILURES = ("failed", "oom", "crashed", "timeout")


def finish(
    plan: Plan,
    folder: Path,
    environment: Environment,
    ends: Ends,
    interrupted: bool,
    terminal: Terminal,
) -> int:
    """Write and print the table of the run, and say what is missing. The exit code is returned."""
    parts = FolderParts(folder, outline_of_plan(plan), environment)
    show = _show_first if len(plan.cells) >= MANY else _show_all
    rows = show(plan, folder, parts, interrupted, terminal)
    terminal.note(f"all rows: {folder / RESULTS}")
    remaining = len(plan.cells) - len(ends)
    if interrupted and remaining:
        terminal.warn(_stopped(rows, len(plan.cells), folder))
        return INTERRUPTED
    if remaining:
        terminal.note(
            f"stopped at the first failure, {remaining} cells left. Go on: attnprof run --resume {folder}"
        )
    return _exit_code(plan, set(ends.values()))


def _show_all(plan: Plan, folder: Path, parts: FolderParts, interrupted: bool, terminal: Terminal) -> int:
    """Write and print the whole table. How many rows it has is returned."""
    results = joined_parts(list(parts))
    document = document_of_run(results, wish=Wish(run=_in_commands(plan, folder)))
    write_document(folder / RESULTS, document, "csv")
    terminal.print(document, plan.spec.format)
    for note in [] if interrupted else [*shortfall(results), *_unanswered(plan, results)]:
        terminal.note(note)
    return len(results.frame)


def _show_first(plan: Plan, folder: Path, parts: FolderParts, interrupted: bool, terminal: Terminal) -> int:
    """Write the table part by part, and print its first lines. How many rows it has is returned."""
    return show_first(folder, parts, plan.spec.format, _in_commands(plan, folder), terminal)


def show_first(folder: Path, parts: FolderParts, format: str, run: str, terminal: Terminal) -> int:
    """Write the table part by part, and print its first lines. How many rows it has is returned.

    run: how a command names it.
    """
    written = write_in_parts(folder / RESULTS, parts, FIRST_LINES)
    if can_write():
        problem = write_apart(folder / RESULTS, folder / PARQUET)
        note = f"no {PARQUET}: {problem}" if problem else f"the same as Parquet: {folder / PARQUET}"
        terminal.note(note)
    if format == "csv":
        _show_file(folder / RESULTS, terminal)
        return written.rows
    document = document_of_run(written.first, wish=Wish(everything=True, run=run))
    terminal.print(document, format)
    table = " ".join(filter(None, ["attnprof table", run]))
    shown = len(written.first.frame)
    terminal.note(f"the first {shown} of {written.rows} rows, by {written.order}. All of them: {table} --all")
    return written.rows


def _show_file(path: Path, terminal: Terminal) -> None:
    with path.open(encoding="utf-8", newline="") as lines:
        while piece := "".join(islice(lines, LINES_AT_ONCE)):
            terminal.show(piece.removesuffix("\n"))


def _in_commands(plan: Plan, folder: Path) -> str:
    """How a command names the run: the newest under reports/ needs no name."""
    return shlex.quote(str(folder)) if plan.spec.output else ""


def _stopped(rows: int, cells: int, folder: Path) -> str:
    return f"stopped with figures of {rows} of {cells} cells; kept. Continue: attnprof run --resume {folder}"


def _unanswered(plan: Plan, results: Results) -> list[str]:
    """Of how many cells the other counters have a figure, where some are without."""
    rows = [row for row in results.rows() if row.get("macs") is not None]
    answers = {
        name: sum(row.get(f"{name}{MACS}") is not None for row in rows)
        for name in plan.spec.counters
        if f"{name}{MACS}" in plan.metrics
    }
    short = [f"{count} ({name})" for name, count in answers.items() if count < len(rows)]
    return [f"other counters have figures of {' and '.join(short)} of {len(rows)} cells"] if short else []


def shortfall(results: Results) -> list[str]:
    """Where the run stayed behind the quality of its spec."""
    processes = [row.get("processes") for row in results.rows() if row["status"] == "ok"]
    most = max((count for count in processes if count is not None), default=0)
    if not 0 < most < min(results.spec.processes, SURE):
        return []
    quality = f"{results.spec.quality} quality is {results.spec.processes} processes"
    more = "none" if results.spec.time_budget == AUTO else AUTO
    return [f"{quality}; the time budget allowed {most}. More: --time-budget {more}"]


def _exit_code(plan: Plan, statuses: AbstractSet[str]) -> int:
    """A skipped cell is a failure only where the user named the one size and the modules."""
    if _is_named(plan) and "skipped" in statuses:
        return CELLS_FAILED
    return CELLS_FAILED if statuses & set(FAILURES) else 0


def _is_named(plan: Plan) -> bool:
    spec = plan.spec
    is_one_size = len(spec.grid()) == len(spec.batches) == len(spec.executions) == 1
    return is_one_size and not any(map(stands_for_several, spec.modules))

"""The end of a run: results.csv, the table, what a reader should know of it, and the exit code."""

from collections.abc import Sequence
from pathlib import Path

from attnprof.cli._results import write_document
from attnprof.cli._terminal import Terminal
from attnprof.errors import CELLS_FAILED, INTERRUPTED
from attnprof.planning import Plan
from attnprof.records.environment import Environment
from attnprof.records.journal import RESULTS
from attnprof.records.record import ROUGH, DoneEvent, Event
from attnprof.results import Results, tabulate
from attnprof.results.table import wide
from attnprof.running import SURE
from attnprof.units import show_share
from attnprof.views.run import document as document_of_run

FAILURES = ("failed", "oom", "crashed", "timeout")
SEVERAL = ("!", "family:", "place:", "year:")  # how patterns begin that stand for several modules


def finish(
    plan: Plan,
    folder: Path,
    environment: Environment,
    events: Sequence[Event],
    interrupted: bool,
    terminal: Terminal,
) -> int:
    """Write and print the table of ``events``, and say what is missing. The exit code is returned."""
    results = tabulate(events, plan, environment)
    document = document_of_run(results)
    write_document(folder / RESULTS, document, "csv")
    terminal.print(document, plan.spec.format)
    for note in [*_notes(results), f"all rows: {folder / RESULTS}"]:
        terminal.note(note)
    statuses = {event.key: event.status for event in events if isinstance(event, DoneEvent)}
    remaining = len(plan.cells) - len(statuses)
    if interrupted and remaining:
        terminal.warn(_stopped(len(results.frame), len(statuses), len(plan.cells), folder))
        return INTERRUPTED
    if remaining:
        terminal.note(
            f"stopped at the first failure, {remaining} cells left. Go on: attnprof run --resume {folder}"
        )
    return _exit_code(plan, list(statuses.values()))


def _stopped(rows: int, finished: int, cells: int, folder: Path) -> str:
    partial = rows - finished
    part = f" ({partial} of them by fewer processes than asked for)" if partial > 0 else ""
    return f"stopped after {rows} of {cells} cells{part}; kept. Continue: attnprof run --resume {folder}"


def _notes(results: Results) -> list[str]:
    """Where the run stayed behind the quality and the precision of its spec."""
    notes = _few_processes(results)
    loose = wide(results)
    if loose:
        precision = show_share(results.spec.target)
        notes.append(
            f"{loose} of {len(results.frame)} intervals are wider than ± {precision};"
            " a longer --time-budget narrows them"
        )
    return notes


def _few_processes(results: Results) -> list[str]:
    processes = [row.get("processes") for row in results.rows() if row["status"] == "ok"]
    measured = [count for count in processes if count is not None]
    if not measured:
        return []
    notes = []
    if max(measured) < min(results.spec.processes, SURE):
        notes.append(
            f"{results.spec.quality} quality is {results.spec.processes} processes;"
            f" the time budget allowed {max(measured)}"
        )
    rough = sum(row.get("latency_ci_kind") == ROUGH for row in results.rows())
    if rough:
        notes.append(
            f"{rough} of {len(measured)} cells, far from the cheapest, have a rough figure;"
            " --quality paper measures all to the end"
        )
    return notes


def _exit_code(plan: Plan, statuses: Sequence[str]) -> int:
    """A skipped cell is a failure only where the user named the one size and the modules."""
    failures = [status for status in statuses if status in FAILURES]
    if _is_named(plan) and "skipped" in statuses:
        return CELLS_FAILED
    return CELLS_FAILED if failures else 0


def _is_named(plan: Plan) -> bool:
    patterns = plan.spec.modules
    return len(plan.spec.grid()) == 1 and not any(
        pattern == "all" or pattern.startswith(SEVERAL) for pattern in patterns
    )

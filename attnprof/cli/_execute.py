"""Running a spec from the command line: worker, folder, journal, progress, and the table at the end."""

from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from time import monotonic

from attnprof.cli._files import require_files_of
from attnprof.cli._lanes import execute_on_lanes, has_several_devices, resume_on_lanes
from attnprof.cli._measuring import (
    Ends,
    claimed,
    earlier_cells,
    finisher,
    measure,
    note_figures,
    request_of,
    require_planned,
    slug,
)
from attnprof.cli._signals import ending_as_ctrl_c
from attnprof.cli._terminal import Terminal
from attnprof.cli._worker import started_worker
from attnprof.errors import RunFolderError, UsageError
from attnprof.formats import FORMATS
from attnprof.measuring.bound import Peaks
from attnprof.planning import Plan, plan
from attnprof.records.environment import LANES, begun, differences
from attnprof.records.files import file_in
from attnprof.records.journal import (
    SPEC,
    Journal,
    environment_in,
    events_in,
    new_folder,
    records_in,
    require_spec,
)
from attnprof.records.record import Event
from attnprof.running import run, runtimes_of
from attnprof.running.timetable import expected_seconds
from attnprof.spec import Spec
from attnprof.spec.file import from_file, merge, recorded
from attnprof.units import show_about

MEDIAN = "median"  # the estimator of a run whose environment names none


@ending_as_ctrl_c()
def execute(spec: Spec, terminal: Terminal) -> int:
    """Measure ``spec`` into a new run folder and print the table. The exit code is returned."""
    started = monotonic()
    if spec.on:
        return execute_on_lanes(spec, terminal, started)
    with claimed(spec.output), started_worker(spec, terminal) as worker:
        # While the worker imports torch: what needs no device, and what the table will need.
        plan_of_counts = plan(spec, "meta") if spec.no_latency else None
        finish = finisher()
        environment = begun(worker.environment)
        if has_several_devices(spec, environment):
            worker.kill()
            return execute_on_lanes(spec, terminal, started)
        resolved = plan_of_counts or plan(spec, environment["device"])
        environment |= runtimes_of(resolved)
        environment |= request_of(resolved)
        folder = Path(spec.output) if spec.output else new_folder(spec.name, slug(environment))
        journal = Journal.create(folder)
    with journal:
        environment = journal.begin(spec.effective().to_toml(), environment)
        ends: Ends = {}
        this = run(resolved, worker, started=started)
        interrupted = measure(this, journal, environment, ends, terminal, started)
        return finish(resolved, folder, environment, ends, interrupted, terminal)


@ending_as_ctrl_c()
def resume(folder: Path, format: str | None, on: str | None, terminal: Terminal) -> int:
    """Finish the run in ``folder``: measure the cells that it has not finished, under the same conditions.
    on: where, if it was begun on lanes.

    Raises RunFolderError where there is no run, or where this machine or software is another.
    """
    started = monotonic()
    if format is not None:
        FORMATS.module_name(format)
    environment = environment_in(folder)
    if LANES in environment:
        return resume_on_lanes(folder, environment, format, on, terminal)
    if on:
        raise UsageError(f"--on: {folder} was begun without lanes, and goes on so")
    if environment.get("runs"):
        raise RunFolderError(
            f"{folder} was merged from {len(environment['runs'])} runs: finish those that are not finished,"
            " each where it was measured (attnprof run --resume FOLDER), and merge them anew"
        )
    require_spec(folder, environment)
    require_files_of(environment, recorded(file_in(folder, SPEC)), folder, terminal)
    spec = merge([from_file(file_in(folder, SPEC))])
    with Journal(folder) as journal:
        before = earlier_cells(map(itemgetter(0), records_in(folder)))
        with started_worker(spec, terminal, environment.get("device")) as worker:
            finish = finisher()  # while the worker imports torch
            resolved = plan(spec, environment["device"])
            changes = differences(environment, {**worker.environment, **runtimes_of(resolved)})
            if changes:
                raise RunFolderError(f"{folder} cannot be continued here: {'; '.join(changes)}")
            require_planned(resolved, before.ended, folder)
        if format is not None:
            resolved = replace(resolved, spec=spec.model_copy(update={"format": format}))
        note_figures(len(before.keys), len(resolved.cells), terminal)
        peaks = Peaks.from_json(environment["peaks"]) if "peaks" in environment else None
        estimator = environment.get("estimator", MEDIAN)
        earlier = _events_to_go_on_from(resolved, folder)
        this = run(resolved, worker, earlier, peaks, estimator, started, done=before.ended)
        interrupted = measure(this, journal, environment, before.ends, terminal)
        return finish(resolved, folder, environment, before.ends, interrupted, terminal)


def _events_to_go_on_from(resolved: Plan, folder: Path) -> Sequence[Event]:
    """Of counts alone nothing is needed but which of them there are."""
    return events_in(folder) if resolved.timed else ()


def list_cells(spec: Spec, terminal: Terminal) -> int:
    """Print the cells that ``spec`` would measure, and measure nothing."""
    device = "meta" if spec.no_latency else spec.device
    resolved = plan(spec, device)
    cells = resolved.cells
    for cell in cells:
        status = "failed" if cell.is_failed else "skipped"
        refusal = f"  {status}: {cell.refusal}" if cell.refusal else ""
        terminal.show(f"{cell.case.label}{refusal}")
    possible = sum(cell.refusal is None for cell in cells)
    time = f" in about {show_about(expected_seconds(resolved))}" if resolved.timed and possible else ""
    terminal.warn(f"{len(cells)} cells, {possible} to measure on {device}{time}; nothing was measured")
    return 0

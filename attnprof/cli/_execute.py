"""Running a spec from the command line: worker, folder, journal, progress, and the table at the end."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic
from types import FrameType

from attnprof.cli._files import hashes_of_files, require_files_of
from attnprof.cli._progress import progress
from attnprof.cli._signals import ending_as_ctrl_c, interrupts_to
from attnprof.cli._terminal import Terminal
from attnprof.cli._worker import started_worker
from attnprof.errors import EnvironmentProblem, RunFolderError
from attnprof.formats import FORMATS
from attnprof.measuring.bound import Peaks
from attnprof.planning import Plan, plan
from attnprof.records.environment import CELLS, FILES, PLACEMENTS, SHARD, Environment, begun, differences
from attnprof.records.files import file_in
from attnprof.records.journal import SPEC, Journal, environment_in, events_in, new_folder, require_spec
from attnprof.records.record import DoneEvent, Event, VisitEvent
from attnprof.running import Run, run, runtimes_of
from attnprof.running.protocol import PeaksEvent
from attnprof.running.timetable import expected_seconds
from attnprof.spec import Spec
from attnprof.spec.file import from_file, merge, recorded
from attnprof.units import show_about

MEDIAN = "median"  # the estimator of a run whose environment names none


@ending_as_ctrl_c()
def execute(spec: Spec, terminal: Terminal) -> int:
    """Measure ``spec`` into a new run folder and print the table. The exit code is returned."""
    started = monotonic()
    with _claimed(spec.output), started_worker(spec, terminal) as worker:
        # While the worker imports torch: what needs no device, and what the table will need.
        plan_of_counts = plan(spec, "meta") if spec.no_latency else None
        from attnprof.cli._outcome import finish  # pandas

        environment = begun(worker.environment)
        resolved = plan_of_counts or plan(spec, environment["device"])
        environment |= runtimes_of(resolved)
        environment |= _request(resolved)
        folder = Path(spec.output) if spec.output else new_folder(spec.name, _slug(environment))
        journal = Journal.create(folder)
    with journal:
        environment = journal.begin(spec.effective().to_toml(), environment)
        events: list[Event] = []
        this = run(resolved, worker, started=started)
        interrupted = _measure(this, journal, environment, events, terminal, started)
        return finish(resolved, folder, environment, events, interrupted, terminal)


@ending_as_ctrl_c()
def resume(folder: Path, format: str | None, terminal: Terminal) -> int:
    """Finish the run in ``folder``: measure the cells that it has not finished, under the same conditions.

    Raises RunFolderError where there is no run, or where this machine or software is another.
    """
    started = monotonic()
    if format is not None:
        FORMATS.module_name(format)
    environment = environment_in(folder)
    if environment.get("runs"):
        raise RunFolderError(
            f"{folder} was merged from {len(environment['runs'])} runs: finish those that are not finished,"
            " each where it was measured (attnprof run --resume FOLDER), and merge them anew"
        )
    require_spec(folder, environment)
    require_files_of(environment, recorded(file_in(folder, SPEC)), folder, terminal)
    spec = merge([from_file(file_in(folder, SPEC))])
    with Journal(folder) as journal:
        events = events_in(folder)
        with started_worker(spec, terminal, environment.get("device")) as worker:
            from attnprof.cli._outcome import finish  # pandas, while the worker imports torch

            resolved = plan(spec, environment["device"])
            changes = differences(environment, {**worker.environment, **runtimes_of(resolved)})
            if changes:
                raise RunFolderError(f"{folder} cannot be continued here: {'; '.join(changes)}")
            _require_cells_of(resolved, events, folder)
        if format is not None:
            resolved = replace(resolved, spec=spec.model_copy(update={"format": format}))
        terminal.note(
            f"{len(_with_figures(events))} of {len(resolved.cells)} cells have figures from before; going on"
        )
        peaks = Peaks.from_json(environment["peaks"]) if "peaks" in environment else None
        estimator = environment.get("estimator", MEDIAN)
        this = run(resolved, worker, events, peaks, estimator, started)
        interrupted = _measure(this, journal, environment, events, terminal)
        return finish(resolved, folder, environment, events, interrupted, terminal)


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


@contextmanager
def _claimed(output: str | None) -> Iterator[None]:
    """The folder of --output: made before the worker starts, removed where the run cannot begin."""
    if not output:
        yield
        return
    folder = Path(output)
    missing = [path for path in (folder, *folder.parents) if not path.exists()]  # what it is in comes last
    Journal.create(folder)
    try:
        yield
    except BaseException:
        with suppress(OSError):
            for path in missing:
                path.rmdir()
        raise


def _request(resolved: Plan) -> Environment:
    """What a run's environment says of what the run is to do."""
    return {
        PLACEMENTS: list(resolved.placements),
        CELLS: len(resolved.cells),
        SHARD: resolved.spec.shard,
        FILES: hashes_of_files(resolved.spec),
    }


def _require_cells_of(resolved: Plan, events: list[Event], folder: Path) -> None:
    """Raises RunFolderError where a finished cell is not one of the plan's."""
    if not _done(events) <= {cell.case.key for cell in resolved.cells}:
        raise RunFolderError(
            f"{folder} has finished cells that its spec.toml no longer asks for: a module's file, or the"
            " catalogue, was changed since. Begin a new run"
        )


def _measure(
    this: Run,
    journal: Journal,
    environment: Environment,
    events: list[Event],
    terminal: Terminal,
    started: float | None = None,
) -> bool:
    """Journal every event of the run, and add the lasting ones to ``events``; whether it was interrupted."""
    try:
        with (
            progress(terminal, this.plan.time_budget, started) as display,
            _interruptible(this, display.say),
            closing(iter(this)) as happening,
        ):
            for event in happening:
                journal.require_folder()
                if isinstance(event, PeaksEvent):
                    environment["peaks"] = event.peaks.to_json()
                    journal.describe(environment)
                if isinstance(event, Event):
                    journal.append(event)
                    events.append(event)
                display.see(event)
    except KeyboardInterrupt:
        return True
    except EnvironmentProblem as problem:
        if not journal.is_there:
            raise
        raise EnvironmentProblem(f"{problem}. Continue: attnprof run --resume {journal.folder}") from None
    return this.stop


@contextmanager
def _interruptible(this: Run, say: Callable[[str], None]) -> Iterator[None]:
    """The first Ctrl-C, or signal to end, ends the run after the cell at hand; the second at once."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        if this.stop:
            raise KeyboardInterrupt
        this.stop = True
        say("stopping after the visit at hand; once more to leave at once")

    with interrupts_to(interrupt):
        yield


def _done(events: list[Event]) -> set[str]:
    """The keys of the finished cells."""
    return {event.key for event in events if isinstance(event, DoneEvent)}


def _with_figures(events: list[Event]) -> set[str]:
    """The keys of the cells that are finished, or that some process has measured."""
    return {event.key for event in events if isinstance(event, DoneEvent | VisitEvent)}


def _slug(environment: Environment) -> str:
    device = str(environment["device"])
    name = str(environment.get("device_name") or "") if device.startswith("cuda") else ""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or device.partition(":")[0]

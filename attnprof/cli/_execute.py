"""Running a spec from the command line: worker, folder, journal, progress, and the table at the end."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from attnprof.cli._main import INTERRUPTED
from attnprof.cli._output import look, show
from attnprof.cli._progress import Watch, say, starting
from attnprof.errors import EnvironmentProblem, RunFolderError
from attnprof.formats import FORMATS
from attnprof.measuring.bound import Peaks
from attnprof.planning import Plan, plan
from attnprof.records.environment import Environment, begun, differences
from attnprof.records.journal import KEPT, RESULTS, SPEC, Journal, environment_in, events_in, new_folder
from attnprof.records.record import Event
from attnprof.running import Run, run
from attnprof.running.client import start_worker
from attnprof.spec import Spec
from attnprof.spec.file import from_file, merge
from attnprof.units import show_share

if TYPE_CHECKING:  # pandas comes with them
    from attnprof.results import Results

BAD = ("failed", "oom", "crashed", "timeout")
SOME_FAILED = 3


def execute(spec: Spec, quiet: bool = False, no_color: bool = False) -> int:
    """Measure ``spec`` into a new run folder and print the table. The exit code is returned."""
    made = bool(spec.output) and not Path(spec.output or "").exists()
    if spec.output:
        Journal.create(Path(spec.output))
    worker = start_worker(spec)
    try:
        with starting(quiet, no_color):
            # While the worker imports torch: what needs no device, and what the table will need.
            early = plan(spec, "meta") if spec.no_latency else None
            import attnprof.results  # noqa: F401 # pandas

            environment = begun(worker.environment)
        planned = early or plan(spec, environment["device"])
        folder = Path(spec.output) if spec.output else new_folder(spec.name, _slug(environment))
        journal = Journal.create(folder)
    except BaseException:
        worker.kill()
        if spec.output and made:
            with suppress(OSError):
                Path(spec.output).rmdir()
        raise
    with journal:
        journal.begin(spec.effective().to_toml(), environment)
        return _measure(run(planned, worker), journal, environment, [], quiet, no_color)


def resume(folder: Path, form: str | None = None, quiet: bool = False, no_color: bool = False) -> int:
    """Finish the run in ``folder``: measure the cells that it has not finished, under the same conditions.

    Raises RunFolderError where there is no run, or where this machine or software is another.
    """
    if form is not None:
        FORMATS.module_name(form)
    before = environment_in(folder)
    spec = merge([from_file(folder / SPEC)])
    with Journal(folder) as journal:
        events = events_in(folder)
        worker = start_worker(spec, before.get("device"))
        try:
            with starting(quiet, no_color):
                other = differences(before, worker.environment)
            if other:
                raise RunFolderError(f"{folder} cannot be continued here: {'; '.join(other)}")
            planned = plan(spec, before["device"])
            done = {event["key"] for event in events if event["event"] == "done"}
            peaks = Peaks.from_json(before["peaks"]) if "peaks" in before else None
            if not done <= {cell.case.key for cell in planned.cells}:
                raise RunFolderError(
                    f"{folder} has finished cells that its spec.toml no longer asks for: a module's file, or the"
                    " catalogue, was changed since. Begin a new run"
                )
        except BaseException:
            worker.kill()
            raise
        say(f"{len(done)} of {len(planned.cells)} cells were finished; going on with the rest", quiet)
        asked = spec if form is None else spec.model_copy(update={"format": form})
        this = run(Plan(asked, planned.device, planned.cells, planned.metrics), worker, events, peaks)
        return _measure(this, journal, before, events, quiet, no_color)


def _measure(
    this: Run, journal: Journal, environment: Environment, events: list[Event], quiet: bool, no_color: bool
) -> int:
    planned = this.plan
    cells = len(planned.cells) - len({event["key"] for event in events if event["event"] == "done"})
    interrupted = False
    try:
        with (
            _stopping(this, quiet),
            Watch(cells, planned.spec.time_budget, quiet, no_color, planned.timed) as watch,
        ):
            for event in this:
                if event["event"] == "peaks":
                    environment["peaks"] = event["peaks"]
                    journal.describe(environment)
                journal.append(event)
                if event["event"] in KEPT:
                    events.append(event)
                watch.see(event)
    except KeyboardInterrupt:
        interrupted = True
    finished = {event["key"]: event for event in events if event["event"] == "done"}
    interrupted = interrupted or this.stop
    shown = _write_and_show(planned, journal, environment, events, quiet, no_color)
    if interrupted and len(finished) < len(planned.cells):
        part = (
            f" ({shown - len(finished)} of them by fewer processes than asked for)"
            if shown > len(finished)
            else ""
        )
        say(
            f"stopped after {shown} of {len(planned.cells)} cells{part}; kept. "
            f"Continue: attnprof run --resume {journal.folder}",
            quiet=False,
        )
        return INTERRUPTED
    if len(finished) < len(planned.cells):
        left = len(planned.cells) - len(finished)
        say(
            f"stopped at the first failure, {left} cells left. Go on: attnprof run --resume {journal.folder}",
            quiet,
        )
    return _exit_code(planned, [event["status"] for event in finished.values()])


def _write_and_show(
    planned: Plan,
    journal: Journal,
    environment: Environment,
    events: list[Event],
    quiet: bool,
    no_color: bool,
) -> int:
    """Write the table and show it; how many rows it has."""
    from attnprof.formats import Look
    from attnprof.results import tabulate  # pandas, which a command that only plans does without
    from attnprof.results.table import wide

    results = tabulate(events, planned, environment)
    try:
        (journal.folder / RESULTS).write_text(
            FORMATS.get("csv").render(results, Look())[0] + "\n", encoding="utf-8"
        )
    except OSError as problem:
        raise EnvironmentProblem(f"cannot write {journal.folder / RESULTS}: {problem.strerror}") from None
    show(results, planned.spec.format, look(no_color=no_color), quiet)
    if said := _processes(results):
        say(said, quiet)
    if loose := wide(results):
        precision = show_share(planned.spec.target)
        say(
            f"{loose} of {len(results.frame)} intervals are wider than ± {precision}; a longer --time-budget narrows them",
            quiet,
        )
    say(f"all rows: {journal.folder / RESULTS}", quiet)
    return len(results.frame)


def _processes(results: "Results") -> str:
    """How far the quality asked for was reached; empty where it was, or nothing was measured."""
    asked = results.spec.processes
    reached = [
        row["processes"]
        for row in results.rows()
        if row.get("processes") is not None and row["status"] == "ok"
    ]
    few = [count for count in reached if count < asked]
    if not few:
        return ""
    return (
        f"{results.spec.quality} quality is {asked} processes; {len(few)} of {len(reached)} cells had {min(few)}: "
        "the time budget allowed no more"
    )


def _exit_code(planned: Plan, statuses: list[str]) -> int:
    named = len(planned.spec.grid()) == 1 and not any(
        pattern == "all" or pattern.startswith(("!", "family:", "place:", "year:"))
        for pattern in planned.spec.modules
    )
    bad = (*BAD, "skipped") if named else BAD
    return SOME_FAILED if any(status in bad for status in statuses) else 0


@contextmanager
def _stopping(this: Run, quiet: bool) -> Iterator[None]:
    """The first Ctrl-C ends the run after the visit at hand; the second at once."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        if this.stop:
            raise KeyboardInterrupt
        this.stop = True
        say("stopping after the visit at hand; once more to leave at once", quiet)

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _slug(environment: Environment) -> str:
    device = str(environment["device"])
    name = str(environment.get("device_name") or "") if device.startswith("cuda") else ""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or device.partition(":")[0]


def rehearse(spec: Spec) -> int:
    """Print what ``spec`` would measure, and measure nothing."""
    device = "meta" if spec.no_latency else spec.device
    planned = plan(spec, device)
    possible = [cell for cell in planned.cells if cell.refusal is None]
    for cell in planned.cells:
        click.echo(f"{cell.case.label}" + (f"  skipped: {cell.refusal}" if cell.refusal else ""))
    say(
        f"{len(planned.cells)} cells, {len(possible)} to measure on {device}; nothing was measured",
        quiet=False,
    )
    return 0

"""What every command that begins or continues a run does around it: folder, journal, progress, signals."""

import re
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from attnprof.cli._files import hashes_of_files
from attnprof.cli._progress import progress, progress_of_lanes
from attnprof.cli._signals import interrupts_to
from attnprof.cli._terminal import Terminal
from attnprof.errors import EnvironmentProblem, RunFolderError
from attnprof.planning import Plan
from attnprof.records.environment import CELLS, FILES, PLACEMENTS, SHARD, Environment
from attnprof.records.journal import Journal
from attnprof.records.record import DoneEvent, Event, VisitEvent
from attnprof.running import Run
from attnprof.running.lanes import LanesRun
from attnprof.running.progress import Display
from attnprof.running.protocol import LaneEvent, PeaksEvent


@contextmanager
def claimed(output: str | None) -> Iterator[None]:
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


def request_of(resolved: Plan) -> Environment:
    """What a run's environment says of what the run is to do."""
    return {
        PLACEMENTS: list(resolved.placements),
        CELLS: len(resolved.cells),
        SHARD: resolved.spec.shard,
        FILES: hashes_of_files(resolved.spec),
    }


Ends = dict[tuple[str, str], str]  # (id of the run, key of the case) -> how a cell ended


@dataclass
class EarlierCells:
    """Which cells of a run have ended, and which have figures."""

    ends: Ends = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)  # of the cells that ended, or that a process has measured

    @property
    def ended(self) -> set[str]:
        """The keys of those that ended."""
        return {key for _, key in self.ends}

    def see(self, event: Event) -> None:
        """Take one event in."""
        if isinstance(event, DoneEvent):
            self.ends[event.run, event.key] = event.status
        if isinstance(event, DoneEvent | VisitEvent):
            self.keys.add(event.key)


def earlier_cells(events: Iterable[Event]) -> EarlierCells:
    """Those of a run that is to go on, by its events."""
    cells = EarlierCells()
    for event in events:
        cells.see(event)
    return cells


def require_cells_of(resolved: Plan, events: Iterable[Event], folder: Path) -> None:
    """Raises RunFolderError where a finished cell is not one of the plan's."""
    require_planned(resolved, keys_done(events), folder)


def require_planned(resolved: Plan, keys: AbstractSet[str], folder: Path) -> None:
    """Raises RunFolderError where one of the ``keys`` is not that of a cell of the plan."""
    if not keys <= {cell.case.key for cell in resolved.cells}:
        raise RunFolderError(
            f"{folder} has finished cells that its spec.toml no longer asks for: a module's file, or the"
            " catalogue, was changed since. Begin a new run"
        )


def measure(
    this: Run | LanesRun,
    journal: Journal,
    environment: Environment,
    ends: Ends,
    terminal: Terminal,
    started: float | None = None,
) -> bool:
    """Journal every event of the run, and add the cells that end to ``ends``; whether it was interrupted."""
    try:
        with (
            _display(this, terminal, started) as display,
            _interruptible(this, display.say),
            closing(iter(this)) as happening,
        ):
            for event in happening:
                journal.require_folder()
                if isinstance(event, PeaksEvent):
                    environment["peaks"] = event.peaks.to_json()
                    journal.describe(environment)
                if isinstance(event, LaneEvent):
                    journal.describe(environment)
                if isinstance(event, Event):
                    journal.append(event)
                if isinstance(event, DoneEvent):
                    ends[event.run, event.key] = event.status
                display.see(event)
    except KeyboardInterrupt:
        return True
    except EnvironmentProblem as problem:
        if not journal.is_there:
            raise
        raise EnvironmentProblem(f"{problem}. Continue: attnprof run --resume {journal.folder}") from None
    return this.stop


def finisher() -> Callable[..., int]:
    """What ends a run. Its import, pandas, takes as long as a worker's start, and is best done meanwhile."""
    from attnprof.cli._outcome import finish

    return finish


def _display(this: Run | LanesRun, terminal: Terminal, started: float | None) -> Display:
    if isinstance(this, LanesRun):
        return progress_of_lanes(terminal, len(this.plan.cells))
    return progress(terminal, this.plan.time_budget, started)


@contextmanager
def _interruptible(this: Run | LanesRun, say: Callable[[str], None]) -> Iterator[None]:
    """The first Ctrl-C, or signal to end, ends the run after the cell at hand; the second at once."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        if this.stop:
            raise KeyboardInterrupt
        this.stop = True
        say("stopping after the visit at hand; once more to leave at once")

    with interrupts_to(interrupt):
        yield


def keys_done(events: Iterable[Event]) -> set[str]:
    """The keys of the finished cells."""
    return {event.key for event in events if isinstance(event, DoneEvent)}


def note_figures(figures: int, cells: int, terminal: Terminal) -> None:
    """Say of how many cells a run that goes on has figures: those that ended, or that a process has
    measured."""
    terminal.note(f"{figures} of {cells} cells have figures from before; going on")


def slug(environment: Environment) -> str:
    """The device as part of a folder's name."""
    device = str(environment["device"])
    name = str(environment.get("device_name") or "") if device.startswith("cuda") else ""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or device.partition(":")[0]

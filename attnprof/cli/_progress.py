"""Progress of a run on stderr: the newest rows and a bar on a terminal, a line per phase elsewhere."""

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import monotonic
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from attnprof.cli._terminal import Terminal
from attnprof.records.case import Case
from attnprof.records.record import AccountEvent, DoneEvent, VisitEvent
from attnprof.running.protocol import BeginEvent, PeaksEvent, RunEvent, StepEvent
from attnprof.units import show_bytes, show_count, show_seconds

NEWEST_ROWS = 8
FIGURES: dict[str, Callable[[Any], str]] = {  # of a row, by metric
    "params": lambda count: f"{show_count(count)} params",
    "macs": lambda count: f"{show_count(count)} MACs",
    "latency": show_seconds,
    "peak_memory": show_bytes,
}


class ProgressDisplay:
    """The progress of a run, from its events. Use as a context manager."""

    def __init__(self, cells: int, budget: float | None, measuring: bool, terminal: Terminal) -> None:
        self._console = Console(
            stderr=True, no_color=terminal.no_color or None, highlight=False, emoji=False, markup=False
        )
        is_capable = self._console.is_terminal and not self._console.is_dumb_terminal
        self._animate = is_capable and not terminal.quiet
        self._terminal, self._budget, self._measuring = terminal, budget, measuring
        self._started = monotonic()
        self._rows: deque[str] = deque(maxlen=NEWEST_ROWS)
        self._cases: dict[str, Case] = {}
        self._counted = self._visited = 0
        self._process: int | None = None
        self._measures = False
        self._progress = Progress(
            TextColumn("{task.description:9}"),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[cell]}"),
            TextColumn("{task.fields[remaining]}"),
            console=self._console,
        )
        self._task = self._progress.add_task("counting", total=cells, cell="", remaining="")
        self._live = (
            Live(self, console=self._console, transient=True, auto_refresh=False) if self._animate else None
        )

    def __rich__(self) -> Group:
        return Group(*(Text(row, no_wrap=True, overflow="ellipsis") for row in self._rows), self._progress)

    def __enter__(self) -> "ProgressDisplay":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def see(self, event: RunEvent) -> None:
        """Take one event in."""
        match event:
            case BeginEvent():
                self._cases[event.case.key] = event.case
                self._show(cell=event.case.label)
            case AccountEvent():
                self._counted += 1
                self._row(event)
                self._show(done=self._counted)
            case PeaksEvent() | StepEvent() if not self._measures:
                self._begin_measuring()
            case StepEvent() if event.key in self._cases:
                estimate = f"  {show_seconds(event.seconds)}" if event.seconds else ""
                self._show(cell=self._cases[event.key].label + estimate)
            case VisitEvent():
                self._visit(event)
            case DoneEvent() if event.status != "ok":
                self._rows.append(f"{event.case.label}  {event.status}: {event.reason}")
                self._show()

    def _begin_measuring(self) -> None:
        self._measures = True
        if not self._animate:
            seconds = monotonic() - self._started
            self._terminal.note(f"counted {self._counted} cells in {seconds:.1f} s; measuring")

    def _visit(self, event: VisitEvent) -> None:
        if event.process != self._process:
            self._process, self._visited = event.process, 0
            self._progress.update(self._task, description=f"process {event.process + 1}", completed=0)
            self._rows.clear()
        self._visited += 1
        self._row(event)
        self._show(done=self._visited)

    def _row(self, event: AccountEvent | VisitEvent) -> None:
        values: dict[str, Any] = {figure.metric: figure.value for figure in event.measurements}
        texts = [write(values[name]) for name, write in FIGURES.items() if values.get(name) is not None]
        label = self._cases[event.key].label
        self._rows.append("  ".join([f"{label:24}", *(f"{text:>14}" for text in texts)]))

    def _show(self, cell: str | None = None, done: int | None = None) -> None:
        if not self._live:
            return
        changes: dict[str, Any] = {} if cell is None else {"cell": cell}
        if done is not None:
            changes["completed"] = done
        if self._budget is not None and self._measuring:
            seconds = max(0, round(self._budget - (monotonic() - self._started)))
            changes["remaining"] = f"{seconds // 60}:{seconds % 60:02} left"
        self._progress.update(self._task, **changes)
        self._live.refresh()


def starting(terminal: Terminal) -> AbstractContextManager[object]:
    """What a terminal shows while the worker imports torch and sets the device up."""
    console = Console(stderr=True, no_color=terminal.no_color or None)
    return console.status("starting torch") if console.is_terminal and not terminal.quiet else nullcontext()

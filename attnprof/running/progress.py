"""The progress of a run on one line: its phase, the cell at hand, the time left."""

import sys
from collections.abc import Callable
from contextlib import suppress
from shutil import get_terminal_size
from threading import Event as Signal
from threading import RLock, Thread
from time import monotonic
from types import TracebackType
from typing import Any, Self, TextIO

from attnprof.records.case import Case
from attnprof.records.characters import printable
from attnprof.records.record import AccountEvent, DoneEvent, VisitEvent
from attnprof.running.lane_progress import LanesProgress
from attnprof.running.protocol import (
    BeginEvent,
    ForecastEvent,
    ModelEvent,
    PhaseEvent,
    RunEvent,
    StepEvent,
)
from attnprof.units import show_bytes, show_count, show_seconds, show_share

TICK = 0.2  # seconds between two drawings of the line
FIGURES: dict[str, Callable[[Any], str]] = {  # of a cell, by metric
    "params": lambda count: f"{show_count(count)} params",
    "macs": lambda count: f"{show_count(count)} MACs",
    "latency": show_seconds,
    "peak_memory": show_bytes,
}
STARTING = "starting torch"
PREPARING = "finished; the next phase begins"


class RunProgress:
    """Where a run is, from its events."""

    def __init__(
        self, seconds: float | None, started: float | None = None, clock: Callable[[], float] = monotonic
    ) -> None:
        """seconds: that the whole run may take, None where nobody knows. started: by ``clock``."""
        self._clock = clock
        self._started = clock() if started is None else started
        self._seconds = seconds
        self._precision: float | None = None  # to be expected
        self._is_forecast = False  # whether the run has said how long it takes
        self._phase, self._phase_began = STARTING, self._started
        self._cells = self._finished = 0  # of the phase
        self._cell = ""
        self._cases: dict[str, Case] = {}
        self._begun: set[str] = set()  # keys of the phase's cells that are not finished

    def see(self, event: RunEvent) -> list[str]:
        """Take one event in. Sentences for a log are returned: a phase that ended, what is expected."""
        match event:
            case PhaseEvent():
                return self._begin(event)
            case ForecastEvent():
                return self._expect(event)
            case BeginEvent():
                self._cases[event.case.key] = event.case
                self._at(event.case.key)
            case StepEvent() if event.key in self._cases:
                self._at(event.key)
            case ModelEvent():
                self._finish(event.key)
            case AccountEvent() | VisitEvent():
                self._finish(event.key)
                self._cell = _figures(event, self._cases)
            case DoneEvent() if event.status != "ok":
                if event.key in self._begun:  # else another phase has counted it
                    self._finish(event.key)
                self._cell = f"{event.case.label} {event.status}"
        return []

    def line(self) -> str:
        """The phase, how many of its cells are finished, the cell at hand, the time left."""
        if not self._cells:
            return f"{self._phase}  {self._spent():.0f} s"
        cell = self._cell if self._finished < self._cells else PREPARING
        parts = [self._phase, f"{self._finished}/{self._cells}", cell or STARTING, self._time_left()]
        return "  ".join(filter(None, parts))

    def _begin(self, event: PhaseEvent) -> list[str]:
        sentences = [f"{self._phase}: {self._finished} of {self._cells} cells in {self._spent():.1f} s"]
        is_first = not self._cells
        self._phase, self._phase_began = event.name, self._clock()
        self._cells, self._finished, self._cell = event.cells, 0, ""
        self._begun.clear()
        return [] if is_first else sentences

    def _at(self, key: str) -> None:
        self._begun.add(key)
        self._cell = self._cases[key].label

    def _finish(self, key: str) -> None:
        self._begun.discard(key)
        self._finished += 1

    def _spent(self) -> float:
        """Seconds in the phase."""
        return self._clock() - self._phase_began

    def _expect(self, event: ForecastEvent) -> list[str]:
        """Sentences on the first forecast, and on the first that knows what precision to expect."""
        is_news = not self._is_forecast or (self._precision is None and event.precision is not None)
        self._seconds, self._precision, self._is_forecast = event.seconds, event.precision, True
        if not is_news:
            return []
        expected = f"about {event.seconds:.0f} s in all"
        if event.precision is None:
            return [f"{expected}, {event.processes} processes at most"]
        return [f"{expected}, ± {show_share(event.precision)} for the fastest"]

    def _time_left(self) -> str:
        if self._seconds is None:
            return ""
        seconds = max(0, round(self._seconds - (self._clock() - self._started)))
        return f"{seconds // 60}:{seconds % 60:02} left"


def _figures(event: AccountEvent | VisitEvent, cases: dict[str, Case]) -> str:
    """The cell of an event, and what is known of it now."""
    values: dict[str, Any] = {figure.metric: figure.value for figure in event.measurements}
    texts = [write(values[name]) for name, write in FIGURES.items() if values.get(name) is not None]
    label = [cases[event.key].label] if event.key in cases else []
    return "  ".join([*label, *texts])


class LiveLine:
    """A line of a terminal that is written over while a context is open."""

    def __init__(self, text: Callable[[], str], stream: TextIO) -> None:
        self._text, self._stream = text, stream
        self._drawn = 0  # characters
        self._lock, self._ended = RLock(), Signal()  # a signal's handler may write in the middle of it
        self._thread = Thread(target=self._redraw, daemon=True)

    def __enter__(self) -> Self:
        self._draw()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._write("")

    def say(self, sentence: str) -> None:
        """Leave ``sentence`` on a line above."""
        self._write("")
        with suppress(OSError):
            self._stream.write(f"{printable(sentence)}\n")
        self._draw()

    def _write(self, text: str) -> None:
        with self._lock, suppress(OSError):  # a terminal that is gone ends no run
            # Blanks in place of a control sequence: a notebook knows no other way to clear a line.
            self._stream.write(f"\r{text.ljust(self._drawn)}\r{text}")
            self._stream.flush()
            self._drawn = len(text)

    def _draw(self) -> None:
        self._write(printable(self._text())[: get_terminal_size().columns - 1])

    def _redraw(self) -> None:
        while not self._ended.wait(TICK):
            self._draw()


class Display:
    """Shows the progress of a run: on a line where somebody watches, else a sentence for each phase."""

    def __init__(self, progress: RunProgress | LanesProgress, stream: TextIO, is_watched: bool) -> None:
        self._progress, self._stream = progress, stream
        self._line = LiveLine(progress.line, stream) if is_watched else None

    def __enter__(self) -> Self:
        if self._line:
            self._line.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._line:
            self._line.__exit__(kind, problem, trace)

    def see(self, event: RunEvent) -> None:
        """Take one event in."""
        sentences = self._progress.see(event)
        if self._line is None:
            self._log(sentences)
        elif isinstance(self._progress, LanesProgress):  # what a lane did is no part of the line
            for sentence in sentences:
                self._line.say(sentence)

    def say(self, sentence: str) -> None:
        """Leave ``sentence`` for the user, above the line."""
        if self._line:
            self._line.say(sentence)
        else:
            self._log([sentence])

    def _log(self, sentences: list[str]) -> None:
        with suppress(OSError):  # whoever read it may be gone
            for sentence in sentences:
                self._stream.write(f"{printable(sentence)}\n")
            self._stream.flush()


def display(seconds: float | None, started: float | None = None) -> Display:
    """The display of a run in Python: on stderr; in a notebook below the cell, as any output."""
    is_notebook = "ipykernel" in sys.modules
    stream = sys.stdout if is_notebook else sys.stderr
    return Display(RunProgress(seconds, started), stream, is_notebook or stream.isatty())

"""Progress of a command on stderr: one line on a terminal, a sentence per phase elsewhere."""

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from io import StringIO
from time import monotonic

from attnprof.cli._terminal import Terminal
from attnprof.running.lane_progress import LanesProgress
from attnprof.running.progress import STARTING, Display, LiveLine, RunProgress


def progress(terminal: Terminal, seconds: float | None, started: float | None = None) -> Display:
    """The display of a run. seconds: that it may take in all; started: when it began, by ``monotonic``."""
    stream = StringIO() if terminal.quiet else sys.stderr
    return Display(RunProgress(seconds, started), stream, _is_watched(terminal))


def progress_of_lanes(terminal: Terminal, cells: int) -> Display:
    """The display of a run of so many cells on several lanes."""
    stream = StringIO() if terminal.quiet else sys.stderr
    return Display(LanesProgress(cells), stream, _is_watched(terminal))


def starting(terminal: Terminal) -> AbstractContextManager[object]:
    """What a terminal shows while the worker imports torch and sets the device up."""
    began = monotonic()
    if not _is_watched(terminal):
        return nullcontext()
    return LiveLine(lambda: f"{STARTING}  {monotonic() - began:.0f} s", sys.stderr)


def _is_watched(terminal: Terminal) -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb" and not terminal.quiet

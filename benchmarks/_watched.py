"""The ``attnprof`` command, with the time that its workers spend inside samples noted beside it.

    python -m benchmarks._watched FOLDER run -m se ...

leaves one small file per worker in FOLDER. What is timed, and when, is as ever: a sample is noted after its
end.
"""

import mmap
import os
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from benchmarks import _workers

FORMAT = struct.Struct("4d")


@dataclass(frozen=True)
class Time:
    """Of one worker, in seconds of the system's monotonic clock. begun: its first line of Python. first: the
    begin of its first sample, last: the end of its last one, 0 where it took none. inside: all samples
    together."""

    begun: float
    first: float
    last: float
    inside: float


def times(folder: Path) -> list[Time]:
    """What the workers noted in ``folder``."""
    return [Time(*FORMAT.unpack(path.read_bytes())) for path in sorted(folder.iterdir())]


class Note:
    """The file of this worker: written through shared memory, so that it is there however the worker ends."""

    def __init__(self, folder: Path) -> None:
        path = folder / str(os.getpid())
        path.write_bytes(FORMAT.pack(monotonic(), 0.0, 0.0, 0.0))
        with path.open("r+b") as file:
            self._kept = mmap.mmap(file.fileno(), FORMAT.size)

    def add(self, seconds: float) -> None:
        """One sample more, which has just ended."""
        begun, first, _, inside = FORMAT.unpack(self._kept[:])
        now = monotonic()
        self._kept[:] = FORMAT.pack(begun, first or now - seconds, now, inside + seconds)


def watch(backend: Any, note: Note) -> None:
    """Have ``backend`` note its samples, of time by the host's clock and by its own, and of memory."""
    sample: Callable[..., Any] = backend.sample
    kernels: Callable[..., Any] = backend.kernels
    weigh: Callable[..., Any] = backend.weigh

    def weighed(*given: Any) -> Any:
        start = monotonic()
        found = weigh(*given)
        note.add(monotonic() - start)
        return found

    def noted(*given: Any) -> Any:
        taken = sample(*given)
        note.add(taken.wall)
        return taken

    def ready(*given: Any) -> Any:
        made = kernels(*given)
        if made:
            burst = made.sample

            def timed() -> Any:
                start = monotonic()
                taken = burst()
                note.add(monotonic() - start)
                return taken

            made.sample = timed
        return made

    backend.sample, backend.kernels, backend.weigh = noted, ready, weighed


def work(folder: Path) -> None:
    """Be a worker that notes its samples, until the parent ends it."""
    note = Note(folder)  # before torch is imported: the worker's time begins here

    def watch_all() -> None:
        from attnprof.backends import BACKENDS

        for name in BACKENDS.names():
            watch(BACKENDS.get(name), note)

    _workers.work(watch_all)


def main(folder: str, *arguments: str) -> int:
    """Run the command line ``arguments``, its workers watched; without any, be such a worker."""
    if not arguments:
        work(Path(folder))
        return 0
    from attnprof.cli._main import main as attnprof
    from attnprof.running import client

    client.COMMAND = (sys.executable, "-m", "benchmarks._watched", folder)
    return attnprof(list(arguments))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

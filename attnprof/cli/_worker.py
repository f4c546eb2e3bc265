"""The worker that a command starts."""

from collections.abc import Iterator
from contextlib import contextmanager

from attnprof.cli._progress import starting
from attnprof.cli._terminal import Terminal
from attnprof.records.environment import cores
from attnprof.running.client import Worker, setup_for, start_worker
from attnprof.spec import Spec


@contextmanager
def started_worker(spec: Spec, terminal: Terminal, device: str | None = None) -> Iterator[Worker]:
    """A worker that imports torch while the context prepares its run; killed where preparing fails."""
    worker = start_worker(setup_for(spec, device))
    try:
        with starting(terminal):
            yield worker
    except BaseException:
        worker.kill()
        raise
    note_crowding(spec, terminal)


def note_crowding(spec: Spec, terminal: Terminal) -> None:
    """Say so where threads are to share cores: the run goes on, its times are those of threads that wait."""
    if spec.threads > cores() and not spec.no_latency:
        terminal.note(f"{spec.threads} threads on {cores()} cores wait for each other: --threads {cores()}")

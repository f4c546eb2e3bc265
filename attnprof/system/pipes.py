"""Writing to a program that may not read."""

import os
import select
from contextlib import suppress
from threading import Thread
from time import monotonic
from typing import IO

HAS_POLL = hasattr(select, "poll")


def write_within(pipe: IO[bytes], data: bytes, seconds: float) -> None:
    """Write ``data`` to ``pipe``, as far as the program at its other end takes it within ``seconds``."""
    if HAS_POLL:
        _write_when_ready(pipe, data, seconds)
        return
    writer = Thread(target=_write_all, args=(pipe, data), daemon=True)
    writer.start()
    writer.join(seconds)


def _write_when_ready(pipe: IO[bytes], data: bytes, seconds: float) -> None:
    end, rest = monotonic() + seconds, memoryview(data)
    room = select.poll()
    with suppress(BrokenPipeError, ValueError):  # it has ended, or another thread has ended it
        os.set_blocking(pipe.fileno(), False)
        room.register(pipe, select.POLLOUT)
        while rest and room.poll(1000 * max(0.0, end - monotonic())):
            rest = rest[os.write(pipe.fileno(), rest) :]


def _write_all(pipe: IO[bytes], data: bytes) -> None:
    with suppress(OSError, ValueError):
        pipe.write(data)
        pipe.flush()

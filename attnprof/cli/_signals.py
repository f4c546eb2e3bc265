"""Signals that ask a program to end: Ctrl-C, and those of Slurm, of ``docker stop``, of a lost connection."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# SIGHUP is not on every system.
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
Handler = Callable[[int, FrameType | None], object]


@contextmanager
def ending_as_ctrl_c() -> Iterator[None]:
    """Each of these signals raises KeyboardInterrupt while the context is open."""
    with _handled(ENDING, signal.default_int_handler):
        yield


@contextmanager
def interrupts_to(handler: Handler) -> Iterator[None]:
    """Ctrl-C and these signals call ``handler`` while the context is open."""
    with _handled((signal.SIGINT, *ENDING), handler):
        yield


@contextmanager
def _handled(numbers: tuple[int, ...], handler: Handler) -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in numbers}
    # nohup ignores SIGHUP for its command, which is to outlive the connection.
    before = {number: old for number, old in handlers.items() if number == signal.SIGINT or _listens(old)}
    for number in before:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _listens(handler: object) -> bool:
    return handler not in (signal.SIG_IGN, None)  # None: another language's

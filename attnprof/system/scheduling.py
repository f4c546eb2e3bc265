"""How the system schedules this process: its cores, its priority, its timers and blocked signals."""

import os
import signal
from collections.abc import Collection
from typing import Any

HAS_AFFINITY = hasattr(os, "sched_getaffinity")
HAS_PRIORITY = hasattr(os, "getpriority")
TIMERS = [
    getattr(signal, name)
    for name in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF")
    if hasattr(signal, name)
]
HAS_MASK = hasattr(signal, "pthread_sigmask")
# That a program may handle.
SIGNALS = sorted(signal.valid_signals() - {getattr(signal, name, None) for name in ("SIGKILL", "SIGSTOP")})


def cores() -> Collection[int] | None:
    """The numbers of the cores that this process may use; None where the system does not tell."""
    return os.sched_getaffinity(0) if HAS_AFFINITY else None


def priority() -> int | None:
    """The priority of this process; None where the system has another notion of it."""
    return os.getpriority(os.PRIO_PROCESS, 0) if HAS_PRIORITY else None


def schedule(cores: Collection[int] | None, priority: int | None) -> None:
    """Set what is not None."""
    if cores:
        os.sched_setaffinity(0, cores)
    if priority is not None:
        os.setpriority(os.PRIO_PROCESS, 0, priority)


def timers() -> tuple[Any, ...]:
    """Delay and interval of each of TIMERS, and the signals that the thread blocks."""
    return *map(signal.getitimer, TIMERS), signal.pthread_sigmask(signal.SIG_BLOCK, ()) if HAS_MASK else ()


def set_timers(values: tuple[Any, ...]) -> None:
    """Set what ``timers`` has told."""
    *delays, blocked = values
    for timer, (delay, interval) in zip(TIMERS, delays, strict=True):
        signal.setitimer(timer, delay, interval)
    if HAS_MASK:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def end_after(seconds: float) -> None:
    """Have this process end by a signal in ``seconds``, also where nobody is left to stop it. Nothing where
    the system has no such timer."""
    if TIMERS:
        signal.setitimer(signal.ITIMER_REAL, seconds)

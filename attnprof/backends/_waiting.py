"""How long the threads of this process have waited for a core, as the kernel counts it."""

import os
from collections.abc import Mapping
from pathlib import Path


def waited() -> dict[str, int] | None:
    """Nanoseconds that each thread of this process has waited to run; None where the kernel does not report
    it."""
    waiting = {}
    try:
        for thread in os.listdir("/proc/self/task"):
            try:
                waiting[thread] = int(Path(f"/proc/self/task/{thread}/schedstat").read_bytes().split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended meanwhile
    except (OSError, IndexError):
        return None
    return waiting or None


def waited_here() -> float | None:
    """Seconds that the calling thread has waited to run; None where the kernel does not report it."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_bytes().split()[1]) / 1e9
    except (OSError, IndexError):
        return None


def longest_wait(before: Mapping[str, int], now: Mapping[str, int] | None) -> float | None:
    """Seconds that the thread which waited longest has waited since ``before``; None where nobody knows."""
    return None if now is None else max(now[thread] - before.get(thread, 0) for thread in now) / 1e9

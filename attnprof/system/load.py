"""What runs on this machine."""

import os
from pathlib import Path

from attnprof.system._psutil import psutil

# Of the first line of /proc/stat, behind its name: user, nice, system, irq, softirq, steal.
BUSY = (0, 1, 2, 5, 6, 7)


def average() -> float | None:
    """Processes that were ready to run, the mean of the last minute; None where the system does not count
    them."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def used_seconds() -> tuple[float, int] | None:
    """CPU seconds that everything on this machine has used since it started, and of how many cores; None
    where the system does not say."""
    try:
        first, *lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
        ticks = [int(word) for word in first.split()[1:]]
        used = sum(ticks[place] for place in BUSY)
    except (OSError, ValueError, IndexError):
        return _used_elsewhere()
    cores = sum(line.startswith("cpu") for line in lines)
    return used / os.sysconf("SC_CLK_TCK"), max(1, cores)


def _used_elsewhere() -> tuple[float, int] | None:
    """The same of a system without /proc/stat."""
    times, cores = psutil().cpu_times(), psutil().cpu_count()
    return (times.user + times.system, cores) if cores else None

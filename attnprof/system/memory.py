"""The memory of this machine, in bytes."""

from pathlib import Path

from attnprof.system._psutil import psutil


def total() -> int:
    """All of it."""
    return _of_linux("MemTotal") or int(psutil().virtual_memory().total)


def available() -> int:
    """What programs could have without others being swapped out."""
    return _of_linux("MemAvailable") or int(psutil().virtual_memory().available)


def _of_linux(name: str) -> int:
    """An entry of /proc/meminfo; 0 where there is none."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)

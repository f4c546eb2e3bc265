"""The machine: who else computes, how its clocks run, how finely time is read, where results go.

``root`` is the file system's; a system that does not tell a thing is asked no more about it.
"""

import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from time import perf_counter

from attnprof.doctor import FINE, NOTE, STOP, Finding
from attnprof.system.load import average
from attnprof.units import show_bytes, show_seconds

ROOT = Path("/")
BUSY = 0.5  # of the cores: beyond that, others are met in many samples
READINGS = 2000
TIMER_SHARE = 0.005  # of a sample that reading the clock may be off by
SAMPLE_SECONDS = 1e-3
SLOW_CLOCKS = ("hpet", "acpi_pm", "jiffies", "refined-jiffies")
LEAST_DISK, LITTLE_DISK = 10 * 2**20, 2**30
LITTLE_MEMORY = 2**30


def load(average: float | None, cores: int) -> Finding:
    """Who else computes. average: of processes ready to run over the last minute; None where nobody counts
    them."""
    if average is None:
        return Finding("load", NOTE, "not counted by this system", "end other programs by yourself")
    says = f"{average:.2f} over the last minute, {cores} core{'' if cores == 1 else 's'}"
    if average <= BUSY * cores:
        return Finding("load", FINE, says)
    return Finding(
        "load", NOTE, says, "end other programs: their samples are left out, and intervals stay wide"
    )


def quota(cores: int, root: Path = ROOT) -> Finding | None:
    """What a container may use of the cores."""
    text = _read(root / "sys/fs/cgroup/cpu.max")
    limit, _, period = text.partition(" ")
    if not limit.isdigit() or not period.isdigit():
        return None
    allowed = int(limit) / int(period)
    says = f"{allowed:g} of {cores} cores"
    if allowed >= cores:
        return Finding("quota", FINE, says)
    return Finding(
        "quota", NOTE, says, "give the container whole cores (cpuset): it is stopped within samples"
    )


def clocks(root: Path = ROOT) -> Finding:
    """How the processor's clock is governed, and whether it is fed by a battery."""
    governor = _read(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    supplies = list((root / "sys/class/power_supply").glob("*/online"))
    if supplies and not any(_read(path) == "1" for path in supplies):
        return Finding("clocks", NOTE, "on battery", "plug it in: the clock is lower, and changes")
    if not governor:
        return Finding(
            "clocks", FINE, "not told by this system; a reference product watches them in every run"
        )
    if governor in ("performance", "schedutil"):
        return Finding("clocks", FINE, f"governor {governor}")
    return Finding(
        "clocks", NOTE, f"governor {governor}", "for steady clocks: cpupower frequency-set -g performance"
    )


def timer(clock: Callable[[], float] = perf_counter, root: Path = ROOT) -> Finding:
    """How finely time is read, and what reading it costs, against the length of a sample."""
    readings = [clock() for _ in range(READINGS)]
    steps = [late - early for early, late in pairwise(readings) if late > early]
    source = _read(root / "sys/devices/system/clocksource/clocksource0/current_clocksource")
    named = f", by {source}" if source else ""
    if not steps:
        return Finding(
            "timer", STOP, f"the clock stood still for {READINGS} readings{named}", "measure elsewhere"
        )
    resolution, cost = min(steps), (readings[-1] - readings[0]) / (READINGS - 1)
    needed = (2 * resolution + cost) / TIMER_SHARE
    says = f"a step of {show_seconds(resolution)}, {show_seconds(cost)} per reading{named}"
    says += f"; samples last {show_seconds(SAMPLE_SECONDS)}"
    if needed > SAMPLE_SECONDS or source in SLOW_CLOCKS:
        advice = f"samples of {show_seconds(needed)} would be needed"
        advice += "; boot with clocksource=tsc where the machine has one"
        return Finding("timer", NOTE, says, advice)
    return Finding("timer", FINE, says)


def scheduler(root: Path = ROOT) -> Finding:
    """Whether the kernel tells how long a thread had to wait."""
    if _read(root / "proc/self/schedstat"):
        return Finding("scheduler", FINE, "tells how long each thread waited")
    advice = "use --threads 1, whose samples are judged by CPU time instead"
    return Finding("scheduler", NOTE, "does not tell how long a thread waited", advice)


def allocator(environ: Mapping[str, str] = os.environ, libc: str | None = None) -> Finding:
    """Whether the allocator is the one whose thresholds workers raise. libc: its name, this system's by
    default."""
    name = platform.libc_ver()[0] if libc is None else libc
    preloaded = environ.get("LD_PRELOAD", "").strip()
    if preloaded:
        advice = "its settings are not recorded; runs with another allocator are not comparable"
        return Finding("allocator", NOTE, f"LD_PRELOAD={preloaded}", advice)
    if name != "glibc":
        advice = "large modules may measure page faults; compare with runs on this system alone"
        return Finding("allocator", NOTE, "not glibc's: its thresholds cannot be raised", advice)
    return Finding("allocator", FINE, "glibc's; workers raise its thresholds and record them")


def memory(root: Path = ROOT) -> Finding | None:
    """What is free now."""
    lines = dict(line.split(":", 1) for line in _read(root / "proc/meminfo").splitlines() if ":" in line)
    try:
        free, total = (int(lines[name].split()[0]) * 1024 for name in ("MemAvailable", "MemTotal"))
    except (KeyError, ValueError):
        return None
    says = f"{show_bytes(free)} of {show_bytes(total)} free"
    if free >= LITTLE_MEMORY:
        return Finding("memory", FINE, says)
    return Finding("memory", NOTE, says, "large cells will be rows 'oom'; end other programs")


def reports(folder: Path = Path("reports")) -> Finding:
    """Whether runs can be written, and whether there is room."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
        free = shutil.disk_usage(existing).free
    except OSError as problem:
        says = f"cannot write {folder}/: {(problem.strerror or str(problem)).lower()}"
        return Finding("reports", STOP, says, "work in another folder, or name one with -o")
    says = f"{folder}/ can be written; {show_bytes(free)} free"
    if free < LEAST_DISK:
        return Finding("reports", STOP, says, "make room: a run keeps every event on disk at once")
    if free < LITTLE_DISK:
        return Finding("reports", NOTE, says, "make room; torch.compile keeps its kernels on disk too")
    return Finding("reports", FINE, says)


def survey(cores: int, folder: Path = Path("reports")) -> Iterator[Finding]:
    """All of it, of this machine."""
    findings = (
        load(average(), cores),
        quota(cores),
        clocks(),
        timer(),
        scheduler(),
        allocator(),
        memory(),
        reports(folder),
    )
    yield from filter(None, findings)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""

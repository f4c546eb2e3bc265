"""The CPU: wall and thread-CPU clocks, memory from the profiler's allocation events."""

import gc
import os
import platform
import resource
import time
from pathlib import Path
from typing import Any

import torch
from torch._C._autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from attnprof.backends import Call, Sample


class CPU:
    """The processor this runs on, with as many threads as torch was given."""

    sample_seconds = 1e-3  # longer ones do not fit into a scheduler slice on a busy machine

    def unavailable(self) -> str | None:
        """A CPU is always there."""
        return None

    def device(self, index: int) -> torch.device:
        """The one CPU device."""
        return torch.device("cpu")

    def describe(self, index: int) -> dict[str, Any]:
        """Model, cores that this process may use, memory in bytes."""
        return {
            "device_name": _model(),
            "device_memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
            "mkldnn": torch.backends.mkldnn.is_available(),  # type: ignore[no-untyped-call] # torch has no annotation
        }

    def limit_memory(self, limit: int | None) -> None:
        """Limit the process's private data, so that too much of it is a RuntimeError and not the kernel's kill."""
        used, free = _data_and_free_bytes()
        if used is None:
            return  # this system does not say what is used: no limit can be set honestly
        allowed = used + (limit if limit is not None else int(0.9 * free))
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, resource.getrlimit(resource.RLIMIT_DATA)[1]))

    def sample(self, call: Call, calls: int) -> Sample:
        """Wall and thread-CPU seconds of ``calls`` calls, garbage collection held off."""
        collecting = gc.isenabled()
        gc.disable()
        try:
            busy, wall = time.thread_time(), time.perf_counter()
            for _ in range(calls):
                call()
            wall, busy = time.perf_counter() - wall, time.thread_time() - busy
        finally:
            if collecting:
                gc.enable()
        # With several threads the caller's own CPU time says nothing about the others.
        return Sample(wall, busy if torch.get_num_threads() == 1 else None)

    def peak_memory(self, call: Call) -> int:
        """The highest running sum of the profiler's allocation events during one call."""
        gc.collect()
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
            call()
        results = profiled.profiler.kineto_results
        events = [e for e in results.events() if e.name() == "[memory]" and e.device_type() == DeviceType.CPU]
        current = peak = 0
        for event in sorted(events, key=lambda e: e.start_ns()):
            current += event.nbytes()
            peak = max(peak, current)
        return peak


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _data_and_free_bytes() -> tuple[int | None, int]:
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        memory = Path("/proc/meminfo").read_text(encoding="utf-8")
        return _kilobytes(status, "VmData"), _kilobytes(memory, "MemAvailable")
    except (OSError, StopIteration):
        return None, 0


def _kilobytes(text: str, name: str) -> int:
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(name + ":"))


BACKEND = CPU()

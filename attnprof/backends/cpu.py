"""The CPU: wall and thread-CPU clocks, the scheduler's waiting times, memory from the profiler's events."""

import platform
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

import torch
from torch._C._autograd import DeviceType
from torch.autograd.profiler import profile  # torch.profiler imports the compiler, for most of a second

from attnprof.backends import (
    EXACT,
    GPU_ALONE,
    TRACED,
    Arithmetic,
    Call,
    Condition,
    Kernels,
    KernelTrace,
    Memory,
    Sample,
    uncollected,
)
from attnprof.backends._profiler import trace_operators
from attnprof.backends._waiting import longest_wait, waited
from attnprof.records.environment import cores
from attnprof.system import memory
from attnprof.system.limits import limit_data

SOME_CACHE = 32 * 2**20  # where the system does not tell


class CPU:
    """The processor this runs on, with as many threads as torch was given."""

    sample_seconds = 1e-4  # the mean of several calls hides how long one takes that nothing disturbs
    estimator = "shortest_of_ten"  # noise makes samples longer; docs/measuring.md compares the estimators

    def unavailable(self) -> str | None:
        """A CPU is always there."""
        return None

    def device(self, index: int) -> torch.device:
        """The one CPU device."""
        return torch.device("cpu")

    def loan(self, index: int) -> AbstractContextManager[None]:
        """Nothing of the process is changed."""
        return nullcontext()

    def describe(self, index: int) -> dict[str, Any]:
        """Model, cores that this process may use, memory and last-level cache in bytes."""
        return {
            "device_name": _model(),
            "device_memory_bytes": memory.total(),
            "cache_bytes": self.cache_bytes(),
            "cores": cores(),
            # torch has no annotation
            "mkldnn": torch.backends.mkldnn.is_available(),  # type: ignore[no-untyped-call] # untyped
        }

    def others(self) -> str | None:
        """Whoever shares the processor is told apart sample by sample."""
        return None

    def switches(self) -> Mapping[str, object]:
        """None that differ from torch's own."""
        return {}

    def set_switches(self, arithmetic: Arithmetic = EXACT) -> None:
        """Nothing to set."""

    def refusal(self, arithmetic: Arithmetic) -> str | None:
        """All of it is a GPU's."""
        reasons = (GPU_ALONE.get(setting) for setting in vars(arithmetic).items())
        return next(filter(None, reasons), None)

    def cache_bytes(self) -> int:
        """The largest cache that the system tells of."""
        sizes = [_size(path) for path in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size")]
        return max(sizes, default=0) or SOME_CACHE

    def limit_memory(self, limit: int | None) -> None:
        """Limit the process's private data: too much of it is then a RuntimeError, and not the kernel's
        kill."""
        used, free = _data_and_free_bytes()
        if used is None:
            return  # this system does not say what is used: no limit can be set honestly
        allowed = used + (limit if limit is not None else int(0.9 * free))
        limit_data(allowed)

    def sample(self, call: Call, calls: int) -> Sample:
        """Wall seconds of ``calls`` calls, garbage collection held off, and what others took of them.

        One thread: all that its CPU clock did not count. Several: the longest that one of them stood in a run
        queue.
        """
        alone = torch.get_num_threads() == 1
        with uncollected():
            before = None if alone else waited()
            busy, wall = thread_time(), perf_counter()
            for _ in range(calls):
                call()
            wall, busy = perf_counter() - wall, thread_time() - busy
        if alone:
            return Sample(wall, max(0.0, wall - busy), busy)
        return Sample(wall, longest_wait(before, waited()) if before else None)

    def kernels(self, call: Call, calls: int) -> Kernels | None:
        """A CPU has no clock but the host's."""
        return None

    def capture(self, call: Call, calls: int) -> Kernels | None:
        """A CPU has no graphs."""
        return None

    def trace(self, call: Call, calls: int = TRACED) -> KernelTrace:
        """The operators that the profiler sees: a CPU launches no kernels."""
        return trace_operators(call, calls)

    def energy(self, call: Call) -> None:
        """A CPU's own counter (RAPL) is the administrator's to read, and holds all that runs."""

    def condition(self) -> Condition | None:
        """The clock is the system's to know."""
        return None

    def weigh(self, call: Call) -> Memory:
        """The highest running sum of the profiler's allocation events during one call, and what is left of
        it."""
        with uncollected(), profile(profile_memory=True) as profiled:
            call()  # its output is given back before the profiler ends
        events = profiled.kineto_results.events()
        memory = [e for e in events if e.name() == "[memory]" and e.device_type() == DeviceType.CPU]
        current = peak = 0
        for event in sorted(memory, key=lambda e: e.start_ns()):
            current += event.nbytes()
            peak = max(peak, current)
        return Memory(peak, remaining=current)


def _size(path: Path) -> int:
    try:
        text = path.read_text(encoding="ascii").strip()
        return int(text.rstrip("KM")) * {"K": 2**10, "M": 2**20}.get(text[-1:], 1)
    except (OSError, ValueError):
        return 0


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

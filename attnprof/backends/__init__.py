"""Devices: one per file, each exporting BACKEND. The engine reaches clocks and devices through this contract
alone.

A plug-in device is one more file with a class that implements Backend; the entry-point group is
``attnprof.backends``. A method that does not apply to a device returns None, and what depends on it is blank.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from attnprof.errors import text_of
from attnprof.registry import Registry

if TYPE_CHECKING:
    import torch

BACKENDS = Registry("attnprof.backends", "BACKEND", "device")

Call = Callable[[], object]


def is_out_of_memory(problem: BaseException) -> bool:
    """Whether ``problem`` is an out-of-memory error, of Python or of torch."""
    named = isinstance(problem, MemoryError) or type(problem).__name__ == "OutOfMemoryError"
    return named or "can't allocate memory" in text_of(problem)


@contextmanager
def uncollected() -> Iterator[None]:
    """Garbage collection off: none in a sample, and none while memory is measured."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@dataclass(frozen=True)
class Sample:
    """Some calls, timed together by the host's clock; seconds of all of them."""

    wall: float
    lost: float | None = None  # that other programs ran while we could have; None where that is unknown
    busy: float | None = None  # CPU time of the calling thread; None where it cannot stand for wall time


@dataclass(frozen=True)
class Condition:
    """The state that a device reports."""

    clock: float  # Hz
    throttled: bool = False  # the hardware slows itself, by heat or by its supply
    capped: bool = False  # the power limit holds it back
    celsius: float | None = None  # None where the device does not report it
    watts: float | None = None  # None where the device does not report it


@dataclass(frozen=True)
class Burst:
    """Seconds per call of calls issued back to back."""

    device: float  # of the kernels alone
    host: float  # of everything, waited for once


class Kernels(Protocol):
    """Some calls, ready to be timed by the device's own clock."""

    captured: bool  # replayed as a graph instead of launched

    def sample(self) -> Burst:
        """Run them all once."""
        ...


@dataclass(frozen=True)
class Memory:
    """Bytes of one call, beyond what was allocated before it."""

    peak: int  # the most at once
    remaining: int = 0  # still allocated after the call, its output freed
    requested: int | None = None  # the peak before the allocator rounds up
    reserved: int | None = None  # held by the allocator


class Backend(Protocol):
    """What one kind of device can do. A process uses one index: that of the last call of ``device``."""

    sample_seconds: float  # how long a sample must last for the timer's resolution not to matter
    estimator: str  # of attnprof.measuring.estimators: how the samples of a process become its latency

    def unavailable(self) -> str | None:
        """Why this device cannot be used here, with what to do about it; None where it can."""
        ...

    def device(self, index: int) -> "torch.device":
        """The device with this index, made ready."""
        ...

    def describe(self, index: int) -> dict[str, Any]:
        """What the device is: at least 'device_name' and 'device_memory_bytes'."""
        ...

    def others(self) -> str | None:
        """Which other processes compute on the device, where that would spoil figures; None where none
        does."""
        ...

    def cache_bytes(self) -> int:
        """Bytes of the last-level cache: inputs are cold when more than this passes between two uses."""
        ...

    def limit_memory(self, limit: int | None) -> None:
        """Turn an allocation of more than ``limit`` further bytes (None: nine tenths of what is free) into an
        out-of-memory error."""
        ...

    def sample(self, call: Call, calls: int) -> Sample:
        """Time ``calls`` calls, each waited for."""
        ...

    def kernels(self, call: Call, calls: int) -> Kernels | None:
        """``calls`` calls, ready for the device's own clock; None where it has none of its own."""
        ...

    def condition(self) -> Condition | None:
        """The state of the device; None where it does not report one."""
        ...

    def weigh(self, call: Call) -> Memory:
        """What one call allocates. The call must have run once already."""
        ...

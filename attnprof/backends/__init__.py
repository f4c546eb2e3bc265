"""Devices: one per file, each exporting BACKEND. The engine meets clocks and devices only through this contract.

A plug-in device is one more file with one more class that does what Backend says; the entry-point group is
``attnprof.backends``. A method that has nothing to tell on a device returns None, and what would follow from it is blank.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from attnprof.registry import Registry

if TYPE_CHECKING:
    import torch

BACKENDS = Registry("attnprof.backends", "BACKEND", "device")

Call = Callable[[], object]


def is_out_of_memory(problem: BaseException) -> bool:
    """Whether ``problem`` says that there was no memory, in Python's words or in one of torch's."""
    named = isinstance(problem, MemoryError) or type(problem).__name__ == "OutOfMemoryError"
    return named or "can't allocate memory" in str(problem)


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage is collected meanwhile: not in somebody's sample, and not out of somebody's memory."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


@dataclass(frozen=True)
class Sample:
    """Some calls, timed together by the host's clock; seconds of all of them.

    wall: what passed. lost: how much of that the machine gave to others while we could have run, None where that cannot be
    told. busy: what the calling thread computed, where that may stand for wall time; None where it may not.
    """

    wall: float
    lost: float | None = None
    busy: float | None = None


@dataclass(frozen=True)
class Condition:
    """What state a device says it is in. clock: Hz. throttled: the hardware slows itself, by heat or by its supply.

    capped: it keeps to its power limit. celsius, watts: None where it does not tell.
    """

    clock: float
    throttled: bool = False
    capped: bool = False
    celsius: float | None = None
    watts: float | None = None


@dataclass(frozen=True)
class Burst:
    """Seconds per call of calls issued back to back. device: of the kernels alone. host: of everything, waited for once."""

    device: float
    host: float


class Kernels(Protocol):
    """Some calls, made ready to be timed by the device's own clock. captured: replayed as a graph instead of launched."""

    captured: bool

    def sample(self) -> Burst:
        """Run them all once."""
        ...


@dataclass(frozen=True)
class Memory:
    """Bytes of one call, beyond what was allocated before it.

    peak: the most at once. kept: what is still there after the call, its output given back. requested: the peak before the
    allocator rounds up; reserved: what the allocator holds; retries: how often it had to flush and try again.
    """

    peak: int
    kept: int = 0
    requested: int | None = None
    reserved: int | None = None
    retries: int | None = None


class Backend(Protocol):
    """What one kind of device can do. One index is in use per process: the one that ``device`` was last asked for."""

    sample_seconds: float  # how long a sample must last for the timer's resolution not to matter

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
        """Who else computes on the device, where that would spoil figures; None where nobody does."""
        ...

    def cache_bytes(self) -> int:
        """The size of the last cache before memory: inputs are cold when more than this passes between two uses."""
        ...

    def limit_memory(self, limit: int | None) -> None:
        """Make an allocation beyond what is held now and ``limit`` bytes more (None: nine tenths of what is free) an
        out-of-memory error."""
        ...

    def sample(self, call: Call, calls: int) -> Sample:
        """Time ``calls`` calls, each waited for."""
        ...

    def kernels(self, call: Call, calls: int) -> Kernels | None:
        """``calls`` calls, ready for the device's own clock; None where it has none of its own."""
        ...

    def condition(self) -> Condition | None:
        """The state the device is in; None where it does not tell."""
        ...

    def weigh(self, call: Call) -> Memory:
        """What one call allocates. The call must have run once already."""
        ...

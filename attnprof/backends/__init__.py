"""Devices: one per file, each exporting BACKEND. The engine meets clocks and devices only through this contract."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch

Call = Callable[[], object]


@dataclass(frozen=True)
class Sample:
    """Some calls, timed together.

    wall: seconds of all of them. busy: seconds that the calling thread computed, where the backend can tell;
    wall - busy is what the machine gave to others.
    """

    wall: float
    busy: float | None = None


class Backend(Protocol):
    """What one kind of device can do."""

    sample_seconds: float  # how long a sample must last for the timer's resolution not to matter

    def unavailable(self) -> str | None:
        """Why this device cannot be used here, with what to do about it; None where it can."""
        ...

    def device(self, index: int) -> "torch.device":
        """The device with this index."""
        ...

    def describe(self, index: int) -> dict[str, Any]:
        """What the device is: at least 'device_name' and 'device_memory_bytes'."""
        ...

    def limit_memory(self, limit: int | None) -> None:
        """Make an allocation beyond ``limit`` bytes (None: nine tenths of what is free) an out-of-memory error."""
        ...

    def sample(self, call: Call, calls: int) -> Sample:
        """Time ``calls`` calls, each waited for."""
        ...

    def peak_memory(self, call: Call) -> int:
        """Bytes that one call allocates at most, beyond what was there before. The call must have run once already."""
        ...

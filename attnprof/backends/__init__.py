"""Devices: one per file, each exporting BACKEND. The engine reaches clocks and devices through this contract
alone.

A plug-in device is one more file with a class that implements Backend; the entry-point group is
``attnprof.backends``. A method that does not apply to a device returns None, and what depends on it is blank.
"""

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from attnprof.errors import text_of
from attnprof.registry import Registry

if TYPE_CHECKING:
    import torch

BACKENDS = Registry("attnprof.backends", "BACKEND", "device")

Call = Callable[[], object]
TRACED = 8  # calls that a profiler sees
RunKind = Literal["kernel", "operator", "node"]  # what it sees of them


@dataclass(frozen=True)
class Arithmetic:
    """The liberties that a GPU has when it computes; without them figures are comparable between devices."""

    tf32: bool = False  # products and convolutions of fp32 round their operands to 10 bits behind the point
    cudnn_benchmark: bool = False  # cuDNN tries its algorithms at each new shape, and keeps the fastest


EXACT = Arithmetic()
# Why a CPU has no use for a setting: field of a Spec, and its value.
GPU_ALONE: Mapping[tuple[str, object], str] = {
    ("tf32", True): "tf32 exists on NVIDIA GPUs alone",
    ("cudnn_benchmark", True): "cuDNN computes on GPUs alone",
    ("compile_mode", "reduce-overhead"): (
        "reduce-overhead is CUDA graphs, which exist on GPUs alone; on a CPU write --compile"
    ),
}


OUT_OF_MEMORY = ("can't allocate memory", "CUDA error: out of memory", "HIP error: out of memory")


def is_out_of_memory(problem: BaseException) -> bool:
    """Whether ``problem`` is an out-of-memory error, of Python, of torch or of a device's driver."""
    named = isinstance(problem, MemoryError) or type(problem).__name__ == "OutOfMemoryError"
    return named or any(words in text_of(problem) for words in OUT_OF_MEMORY)


class CaptureFailed(Exception):
    """Calls could not be captured, and left their traces: nothing else can be measured in this process."""

    def __init__(self, words: str, out_of_memory: bool = False) -> None:
        super().__init__(words)
        self.out_of_memory = out_of_memory


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

    device: float | None  # from the first kernel's beginning to the last one's end; None: no figure
    host: float  # of everything, waited for once


class Kernels(Protocol):
    """Some calls, ready to be timed by the device's own clock."""

    captured: bool  # replayed as a graph instead of launched
    note: str  # why the device has no figure, or what qualifies it; empty: nothing

    def sample(self) -> Burst:
        """Run them all once."""
        ...


@dataclass(frozen=True)
class KernelRun:
    """One kernel, as a profiler saw it; on a CPU one operator, without those within it."""

    name: str
    seconds: float
    operator: str = ""  # of a runtime's node: its type, in the runtime's words
    origin: str = ""  # of a runtime's node: what of the module it computes, where that is said


@dataclass(frozen=True)
class KernelTrace:
    """The kernels of some calls, as a profiler saw them, in the order in which they ran; on a CPU the
    operators."""

    runs: tuple[KernelRun, ...]
    calls: int
    note: str = ""  # why there are none
    kind: RunKind = "kernel"
    resolution: float = 0.0  # seconds that a run may have taken longer than it says

    @property
    def seconds(self) -> float:
        """Of one call, all kernels together."""
        return sum(run.seconds for run in self.runs) / self.calls

    @property
    def by_call(self) -> tuple[tuple[KernelRun, ...], ...]:
        """The kernels of each call; none where the calls have not as many kernels each."""
        each, rest = divmod(len(self.runs), self.calls)
        if rest or not each:
            return ()
        return tuple(self.runs[start : start + each] for start in range(0, len(self.runs), each))

    @property
    def sums(self) -> tuple[float, ...]:
        """Seconds of each call's kernels; none where the calls have not as many kernels each."""
        return tuple(sum(run.seconds for run in runs) for runs in self.by_call)

    @property
    def count(self) -> float:
        """Kernels of one call."""
        return len(self.runs) / self.calls


@dataclass(frozen=True)
class Energy:
    """What a device used for calls back to back, by a counter of its own that is updated now and then."""

    joules: float = 0.0  # of all calls, power at rest included
    calls: int = 0
    seconds: float = 0.0  # that they took
    step: float = 0.0  # seconds from one update of the counter to the next, less than they took
    rest_watts: float = 0.0  # used while nothing was computed
    note: str = ""  # why there is none

    @property
    def per_call(self) -> float:
        """Joules."""
        return self.joules / self.calls

    @property
    def interval(self) -> tuple[float, float]:
        """Joules of a call, between which an update more or less at either end leaves it."""
        share = self.step / self.seconds
        return self.per_call / (1 + share), self.per_call / (1 - share)

    @property
    def watts(self) -> float:
        """Used while the calls ran."""
        return self.joules / self.seconds


@dataclass(frozen=True)
class Memory:
    """Bytes of one call, beyond what was allocated before it. None: the allocator does not tell."""

    peak: int  # the most at once
    remaining: int | None = 0  # still allocated after the call, its output freed
    requested: int | None = None  # the peak before the allocator rounds up
    reserved: int | None = None  # taken from the device by the allocator
    allocator: str = "this device's allocator"  # whose figures these are


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

    def loan(self, index: int) -> AbstractContextManager[None]:
        """The device with this index for a while, in a process that is not ours: what ``device`` changes is
        put back, and what was allocated is given back."""
        ...

    def describe(self, index: int) -> dict[str, Any]:
        """What the device is: at least 'device_name' and 'device_memory_bytes'."""
        ...

    def others(self) -> str | None:
        """Which other processes compute on the device, where that would spoil figures; None where none
        does."""
        ...

    def switches(self) -> Mapping[str, object]:
        """The switches of the process that decide the arithmetic, as they are now."""
        ...

    def set_switches(self, arithmetic: Arithmetic = EXACT) -> None:
        """Set them as every cell is to have them."""
        ...

    def refusal(self, arithmetic: Arithmetic) -> str | None:
        """Why the device made ready cannot compute so; None where it can."""
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

    def capture(self, call: Call, calls: int) -> Kernels | None:
        """``calls`` calls as a graph, ready for the device's own clock; None where there are no graphs.

        Raises CaptureFailed. The call must have run once already.
        """
        ...

    def trace(self, call: Call, calls: int = TRACED) -> KernelTrace | None:
        """The kernels of ``calls`` calls, on a CPU their operators, by a profiler, which disturbs what is
        timed after it; None where the device has none."""
        ...

    def energy(self, call: Call) -> Energy | None:
        """What calls back to back use, which takes seconds and heats the device; None where it has no counter
        of energy."""
        ...

    def condition(self) -> Condition | None:
        """The state of the device; None where it does not report one."""
        ...

    def weigh(self, call: Call) -> Memory:
        """What one call allocates. The call must have run once already."""
        ...

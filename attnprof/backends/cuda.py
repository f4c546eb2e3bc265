"""NVIDIA GPUs: the host's clock around calls that are waited for, events around calls that are not, memory
from torch's caching allocator, the device's state from NVML. AMD's through the same names of torch."""

import gc
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Any

import torch

from attnprof.backends import (
    EXACT,
    GPU_ALONE,
    TRACED,
    Arithmetic,
    Call,
    Condition,
    Energy,
    Kernels,
    KernelTrace,
    Memory,
    Sample,
    uncollected,
)
from attnprof.backends._energy import STANDS_STILL, CounterAtRest, measure_energy, poll
from attnprof.backends._graphs import NO_KERNEL, Graphs
from attnprof.backends._lock import DeviceLock
from attnprof.backends._nvml import Nvml, nvml_of, obstacle_to_energy
from attnprof.backends._profiler import trace_kernels
from attnprof.backends._spin import DeviceClock, Queued, Unqueued, back_to_back
from attnprof.backends._switches import read_switches, settings_of, write_switches
from attnprof.backends._variables import changing, choosing, keeping_tf32_off, spoiling
from attnprof.backends._waiting import waited_here
from attnprof.errors import EnvironmentProblem, one_line

AMPERE = (8, 0)  # the first compute capability with tf32
NATIVE = "native"  # the allocator whose statistics are whole
INSTEAD = "Use --device cpu, or --no-latency"


class CUDA:
    """CUDA devices through torch. The process that uses this must be one of its own: a CUDA error may be
    sticky."""

    sample_seconds = 2e-4
    estimator = "median"

    def __init__(self) -> None:
        self._nvml: Nvml | None = None
        self._uuid = ""
        self._lock: DeviceLock | None = None
        self._clock: DeviceClock | None = None
        self._rest: CounterAtRest | None = None  # None: not polled yet
        self._stream: torch.cuda.Stream | None = None
        self._graphs: Graphs | None = None

    def unavailable(self) -> str | None:
        """Why no CUDA device can be used."""
        if torch.version.cuda is None and torch.version.hip is None:
            return f"no CUDA device: torch {torch.__version__} is a CPU build. {INSTEAD}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a driver that is too old: the reason below says it
            if torch.cuda.is_available():
                return None
        hiding = "".join(f" ({name}={value})" for name, value in choosing().items())
        return f"no CUDA device: torch {torch.__version__} finds none{_why_none()}{hiding}. {INSTEAD}"

    def device(self, index: int) -> torch.device:
        """CUDA device ``index``, made the current one, with a stream of its own, its context and cuBLAS
        workspace set up, and no tf32. Raises EnvironmentProblem where an environment variable would spoil
        every figure."""
        if reason := spoiling():
            raise EnvironmentProblem(reason)
        self.set_switches()
        device = torch.device("cuda", index)
        torch.cuda.set_device(device)
        self._clock = self._rest = None
        # One stream for everything: a graph may use only what was met on the stream that it is captured on.
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call] # torch has no annotation
        torch.cuda.set_stream(self._stream)
        self._graphs = Graphs(self._stream)
        self._uuid = str(torch.cuda.get_device_properties(index).uuid)
        self._nvml = nvml_of(self._uuid)
        a = torch.ones(8, 8, device=device)
        torch.mm(a, a)  # cuBLAS takes its workspace from the same allocator at the first product
        torch.cuda.synchronize()
        return device

    @contextmanager
    def loan(self, index: int) -> Iterator[None]:
        """CUDA device ``index`` as ``device`` makes it; then current device, stream and switches are as they
        were, and the memory that only measuring needs is given back."""
        switches = read_switches()
        with torch.cuda.device(index):
            torch.cuda.synchronize()  # what the caller computes on another stream
            stream = torch.cuda.current_stream()
            try:
                self.device(index)
                yield
            finally:
                torch.cuda.synchronize()
                torch.cuda.set_stream(stream)
                self._clock = self._graphs = self._stream = None
                write_switches(switches)
                torch.cuda.empty_cache()

    def describe(self, index: int) -> dict[str, Any]:
        """Name, memory, compute capability, versions, and the switches that decide the arithmetic."""
        properties = torch.cuda.get_device_properties(index)
        switches = read_switches()
        return {
            "device_name": properties.name,
            "device_uuid": str(properties.uuid),
            "visible_devices": [
                torch.cuda.get_device_properties(number).name for number in range(torch.cuda.device_count())
            ],
            "device_memory_bytes": properties.total_memory,
            "cache_bytes": self.cache_bytes(),
            "capability": f"{properties.major}.{properties.minor}",
            "multiprocessors": properties.multi_processor_count,
            "driver_version": self._nvml.driver() if self._nvml else None,
            "nvml": self._nvml is not None,
            "cuda_version": torch.version.cuda,
            "rocm_version": torch.version.hip,
            # torch has no annotation
            "cudnn_version": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call] # untyped
            "allocator": torch.cuda.get_allocator_backend(),
            "cuda_variables": changing(),
            "cuda_visible": choosing(),
            **switches,
            "tf32": switches["cudnn_tf32"] is not False or switches["matmul_precision"] != "highest",
        }

    def others(self) -> str | None:
        """Another attnprof, or whoever NVML says computes on the device. Ours from now on, until the process
        ends."""
        self._lock = DeviceLock(self._uuid)
        if not self._lock.acquire():
            return "another attnprof measures on it; wait, or --allow-busy"
        return self._nvml.others() if self._nvml else None

    def switches(self) -> Mapping[str, object]:
        """tf32, the precision of products, and the search for the fastest algorithm."""
        return read_switches()

    def set_switches(self, arithmetic: Arithmetic = EXACT) -> None:
        """Without ``arithmetic``: no tf32, and no search."""
        write_switches(settings_of(arithmetic))

    def refusal(self, arithmetic: Arithmetic) -> str | None:
        """tf32 on a device that would compute in fp32 all the same."""
        if not arithmetic.tf32:
            return None
        if torch.version.hip:
            return GPU_ALONE["tf32", True]
        capability = torch.cuda.get_device_capability()
        if capability < AMPERE:
            return f"tf32 exists from compute capability 8.0 on, and this is {capability[0]}.{capability[1]}"
        return keeping_tf32_off()

    def cache_bytes(self) -> int:
        """The L2 cache."""
        return int(torch.cuda.get_device_properties(torch.cuda.current_device()).L2_cache_size)

    def limit_memory(self, limit: int | None) -> None:
        """Limit torch's allocator on the current device, beyond what is in use there."""
        torch.cuda.empty_cache()
        free, total = torch.cuda.mem_get_info()
        allowed = torch.cuda.memory_reserved() + (limit if limit is not None else int(0.9 * free))
        torch.cuda.set_per_process_memory_fraction(min(1.0, allowed / total))

    def sample(self, call: Call, calls: int) -> Sample:
        """Wall seconds of ``calls`` calls, launch and synchronise of each included, and what other programs
        took of them from the thread that issues."""
        with uncollected():
            before = waited_here()
            torch.cuda.synchronize()
            start = perf_counter()
            for _ in range(calls):
                call()
                torch.cuda.synchronize()
            wall = perf_counter() - start
        after = waited_here()
        return Sample(wall, None if before is None or after is None else after - before)

    def kernels(self, call: Call, calls: int) -> Kernels:
        """``calls`` calls, issued behind a spin."""

        def issue() -> None:
            for _ in range(calls):
                call()

        return Queued(self._device_clock(), issue, call, calls, captured=False)

    def capture(self, call: Call, calls: int) -> Kernels:
        """``calls`` calls as a CUDA graph. A call that launches nothing, or waits for the device, has no time
        of the device's."""
        assert self._graphs is not None
        clock = self._device_clock()
        if obstacle := self._graphs.obstacle(call):
            return Unqueued(call, calls, obstacle)
        graph = self._graphs.capture(call, calls)
        if graph is None:
            return Unqueued(call, calls, NO_KERNEL)
        return Queued(clock, graph.replay, call, calls, captured=True)

    def trace(self, call: Call, calls: int = TRACED) -> KernelTrace:
        """The kernels that the profiler sees."""
        return trace_kernels(call, calls)

    def energy(self, call: Call) -> Energy:
        """What NVML's counter says of calls back to back. How often it is updated is polled once."""
        reason = obstacle_to_energy(self._nvml)
        if reason or self._nvml is None:
            return Energy(note=reason)
        torch.cuda.synchronize()
        joules = self._nvml.joules
        self._rest = self._rest or poll(joules, perf_counter)
        if self._rest is None:
            return Energy(note=STANDS_STILL)
        with uncollected():
            return measure_energy(self._rest, joules, partial(back_to_back, call), perf_counter)

    def condition(self) -> Condition | None:
        """What NVML says; None without it."""
        return self._nvml.condition() if self._nvml else None

    def weigh(self, call: Call) -> Memory:
        """What torch's allocator says of one call. What remains is compared before it rounds up: a gradient
        of 4 bytes is a block of 512."""
        gc.collect()
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_stats()
        call()  # its output is given back at once
        torch.cuda.synchronize()
        after = torch.cuda.memory_stats()

        def beyond(name: str, moment: str) -> int:
            """Bytes of ``name`` at the 'peak', or 'current'-ly, beyond those before the call."""
            return int(after[f"{name}_bytes.all.{moment}"] - before[f"{name}_bytes.all.current"])

        allocator = torch.cuda.get_allocator_backend()
        tells = allocator == NATIVE
        return Memory(
            peak=beyond("allocated", "peak"),
            remaining=beyond("requested", "current") if tells else None,
            requested=beyond("requested", "peak") if tells else None,
            reserved=beyond("reserved", "peak"),
            allocator=allocator,
        )

    def _device_clock(self) -> DeviceClock:
        if self._clock is None:
            self._clock = DeviceClock(2 * self.cache_bytes())
        return self._clock


def _why_none() -> str:
    """What torch says of a driver or a device that it cannot use, behind a colon."""
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call] # torch has no annotation
    except (RuntimeError, AssertionError) as problem:
        return f": {one_line(problem)}".rstrip(".")
    return ""


BACKEND = CUDA()

"""NVIDIA GPUs: the host's clock around calls that are waited for, events around calls that are not, memory
from torch's caching allocator, the device's state from NVML."""

import gc
import tempfile
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from filelock import FileLock, Timeout

from attnprof.backends import Burst, Call, Condition, Kernels, Memory, Sample, uncollected
from attnprof.backends._nvml import Nvml, nvml_of

SPIN_SECONDS = 50e-6  # at least: until then the host has put the first calls into the queue
SPIN_SHARE = 1.5  # of the time that the host takes to issue them all
SPIN_CYCLES = 10**6  # of the spin that tells how long a cycle takes
EMPTY_PAIRS = 16
WARM_CALLS = 3  # on the stream of a capture, as torch.cuda.graphs asks for


class CUDA:
    """CUDA devices through torch. The process that uses this must be one of its own: a CUDA error may be
    sticky."""

    sample_seconds = 2e-4
    estimator = "median"

    def __init__(self) -> None:
        self._nvml: Nvml | None = None
        self._uuid = ""
        self._lock: FileLock | None = None
        self._clock: DeviceClock | None = None

    def unavailable(self) -> str | None:
        """Why no CUDA device can be used."""
        if torch.version.cuda is None:
            return (
                f"no CUDA device: torch {torch.__version__} is a CPU build. Use --device cpu, or --no-latency"
            )
        if not torch.cuda.is_available():
            return f"no CUDA device: torch {torch.__version__} finds none. Use --device cpu, or --no-latency"
        return None

    def device(self, index: int) -> torch.device:
        """CUDA device ``index``, made the current one, with its context and cuBLAS workspace set up, and no
        tf32."""
        # torch lets cuDNN round fp32 convolutions to tf32 unless told otherwise; a case says fp32 and means
        # it.
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = False
        # A search for the fastest algorithm finds another one in every process.
        torch.backends.cudnn.benchmark = False
        device = torch.device("cuda", index)
        torch.cuda.set_device(device)
        self._uuid = str(torch.cuda.get_device_properties(index).uuid)
        self._nvml = nvml_of(self._uuid)
        a = torch.ones(8, 8, device=device)
        torch.mm(a, a)  # cuBLAS takes its workspace from the same allocator at the first product
        torch.cuda.synchronize()
        return device

    def describe(self, index: int) -> dict[str, Any]:
        """Name, memory, compute capability, versions, and the switches that decide the arithmetic."""
        properties = torch.cuda.get_device_properties(index)
        return {
            "device_name": properties.name,
            "device_uuid": str(properties.uuid),
            "device_memory_bytes": properties.total_memory,
            "cache_bytes": self.cache_bytes(),
            "capability": f"{properties.major}.{properties.minor}",
            "multiprocessors": properties.multi_processor_count,
            "driver_version": self._nvml.driver() if self._nvml else None,
            "nvml": self._nvml is not None,
            "cuda_version": torch.version.cuda,
            # torch has no annotation
            "cudnn_version": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
            "cudnn_benchmark": torch.backends.cudnn.benchmark,
            "matmul_precision": torch.get_float32_matmul_precision(),
            "tf32": torch.backends.cudnn.allow_tf32 or torch.get_float32_matmul_precision() != "highest",
        }

    def others(self) -> str | None:
        """Another attnprof, or whoever NVML says computes on the device. Ours from now on, until the process
        ends."""
        self._lock = FileLock(Path(tempfile.gettempdir()) / f"attnprof-{self._uuid}.lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return "another attnprof measures on it; wait, or --allow-busy"
        except OSError:  # a lock file of another user: NVML alone decides
            self._lock = None
        return self._nvml.others() if self._nvml else None

    def cache_bytes(self) -> int:
        """The L2 cache."""
        return int(torch.cuda.get_device_properties(torch.cuda.current_device()).L2_cache_size)

    def limit_memory(self, limit: int | None) -> None:
        """Limit torch's allocator on the current device, beyond what it holds already."""
        free, total = torch.cuda.mem_get_info()
        allowed = torch.cuda.memory_reserved() + (limit if limit is not None else int(0.9 * free))
        torch.cuda.set_per_process_memory_fraction(min(1.0, allowed / total))

    def sample(self, call: Call, calls: int) -> Sample:
        """Wall seconds of ``calls`` calls, launch and synchronise of each included."""
        with uncollected():
            torch.cuda.synchronize()
            start = perf_counter()
            for _ in range(calls):
                call()
                torch.cuda.synchronize()
            return Sample(perf_counter() - start)

    def kernels(self, call: Call, calls: int) -> Kernels:
        """``calls`` calls as a CUDA graph where they can be captured, else issued behind a spin."""
        if self._clock is None:
            self._clock = DeviceClock(2 * self.cache_bytes())
        graph = _captured(call, calls)
        return Replayed(self._clock, graph, call, calls) if graph else Issued(self._clock, call, calls)

    def condition(self) -> Condition | None:
        """What NVML says; None without it."""
        return self._nvml.condition() if self._nvml else None

    def weigh(self, call: Call) -> Memory:
        """What torch's allocator says of one call."""
        gc.collect()
        torch.cuda.synchronize()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        before, stats = torch.cuda.memory_allocated(), torch.cuda.memory_stats()
        call()  # its output is given back at once
        torch.cuda.synchronize()
        after = torch.cuda.memory_stats()
        requested = "requested_bytes.all"
        return Memory(
            peak=torch.cuda.max_memory_allocated() - before,
            remaining=torch.cuda.memory_allocated() - before,
            requested=after[f"{requested}.peak"] - stats[f"{requested}.current"],
            reserved=after["reserved_bytes.all.peak"],
        )


class DeviceClock:
    """CUDA events around work that the host has put into the queue while the device was kept spinning.

    flushed: bytes written before each measurement, so that what it reads is no longer in the L2 cache.
    """

    def __init__(self, flushed: int) -> None:
        self._trash = torch.empty(flushed, dtype=torch.int8, device="cuda")
        # torch has no annotation
        self._start = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        self._end = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        _spin(SPIN_CYCLES)
        self._cycles_per_second = SPIN_CYCLES / self._between(lambda: _spin(SPIN_CYCLES))
        self._empty = 0.0
        self._empty = min(self.seconds(lambda: None, 0.0) for _ in range(EMPTY_PAIRS))

    def seconds(self, work: Call, host: float) -> float:
        """Of the device, for ``work`` that the host takes ``host`` seconds to issue; an empty pair of events
        taken off."""
        self._trash.zero_()
        _spin(round(max(SPIN_SECONDS, SPIN_SHARE * host) * self._cycles_per_second))
        return self._between(work) - self._empty

    def _between(self, work: Call) -> float:
        self._start.record()
        work()
        self._end.record()
        self._end.synchronize()
        return float(self._start.elapsed_time(self._end)) / 1e3


def _spin(cycles: int) -> None:
    torch.cuda._sleep(cycles)  # type: ignore[no-untyped-call] # torch has no annotation


class Replayed:
    """Calls captured as one graph: between its kernels there is no launch to wait for."""

    captured = True

    def __init__(self, clock: DeviceClock, graph: torch.cuda.CUDAGraph, call: Call, calls: int) -> None:
        self._clock, self._graph, self._call, self._calls = clock, graph, call, calls
        graph.replay()
        torch.cuda.synchronize()

    def sample(self) -> Burst:
        """One replay by the device's clock; as many eager calls back to back by the host's."""
        device = self._clock.seconds(self._graph.replay, 0.0) / self._calls
        return Burst(max(device, 1e-9), _back_to_back(self._call, self._calls))


class Issued:
    """Calls that cannot be captured, put into the queue behind a spin."""

    captured = False

    def __init__(self, clock: DeviceClock, call: Call, calls: int) -> None:
        self._clock, self._call, self._calls = clock, call, calls
        self._host = _back_to_back(call, calls) * calls

    def sample(self) -> Burst:
        """All calls by the device's clock, and again back to back by the host's."""

        def issue() -> None:
            for _ in range(self._calls):
                self._call()

        device = self._clock.seconds(issue, self._host) / self._calls
        return Burst(max(device, 1e-9), _back_to_back(self._call, self._calls))


def _back_to_back(call: Call, calls: int) -> float:
    """Seconds per call of calls that only the last is waited for."""
    torch.cuda.synchronize()
    start = perf_counter()
    for _ in range(calls):
        call()
    torch.cuda.synchronize()
    return (perf_counter() - start) / calls


def _captured(call: Call, calls: int) -> torch.cuda.CUDAGraph | None:
    """The calls as a graph, each with the input that is its turn; None where an operator may not be
    captured."""
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call] # torch has no annotation
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM_CALLS):
            call()
    torch.cuda.current_stream().wait_stream(side)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with suppress(RuntimeError):  # an operator that waits for the device, or copies to the host
        with torch.cuda.graph(graph):
            for _ in range(calls):
                call()
        return graph
    torch.cuda.synchronize()  # an error that stays is raised here, and ends the worker
    return None


BACKEND = CUDA()

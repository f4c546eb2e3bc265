"""The names of torch.cuda that are replaced, and what stands there."""

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import torch

from tests.simulated_cuda.device import EVENT

if TYPE_CHECKING:
    from tests.simulated_cuda.simulation import Simulation


def names(simulation: "Simulation") -> dict[str, Any]:
    """torch.cuda's names -> what they are in the simulation."""
    return {
        **_devices(simulation),
        **_memory(simulation),
        **_classes(simulation),
        "_sleep": lambda cycles: simulation.device.spin(cycles),
        "set_sync_debug_mode": lambda mode: _check(simulation, mode),
        "get_sync_debug_mode": lambda: 2 * simulation.device.checks_synchronisation,
        "manual_seed": lambda seed: _seed(simulation),
        "manual_seed_all": lambda seed: _seed(simulation),
        "is_current_stream_capturing": lambda: simulation.device.is_capturing,
        "graph_pool_handle": lambda: simulation.device.new_pool(),
    }


def _check(simulation: "Simulation", mode: int | str) -> None:
    for device in simulation.devices:
        device.checks_synchronisation = mode in ("error", 2)


def _seed(simulation: "Simulation") -> None:
    for device in simulation.devices:
        if device.is_capturing:
            raise RuntimeError("Cannot call CUDAGeneratorImpl::set_current_seed during CUDA graph capture.")


def _number(simulation: "Simulation", device) -> int:
    if device is None:
        return simulation.current
    if isinstance(device, int):
        return device
    index = torch.device(device).index
    return simulation.current if index is None else index


def _devices(simulation: "Simulation") -> dict[str, Any]:
    def chosen(device=None):
        return simulation.devices[_number(simulation, device)]

    @contextmanager
    def device(index):
        before = simulation.current
        simulation.current = _number(simulation, index)
        try:
            yield
        finally:
            simulation.current = before

    def set_device(index):
        simulation.current = _number(simulation, index)

    def properties(index=None):
        number = _number(simulation, index)
        settings = simulation.settings
        return SimpleNamespace(
            name="Simulated GPU" if settings.twins else f"Simulated GPU {number}", total_memory=settings.memory, major=settings.capability[0], minor=settings.capability[1],
            multi_processor_count=132, L2_cache_size=settings.cache, uuid=simulation.uuids[number],
        )  # fmt: skip

    return {
        "is_available": lambda: True,
        "is_initialized": lambda: True,
        "init": lambda: None,
        "_lazy_init": lambda: None,
        "device_count": lambda: len(simulation.devices),
        "current_device": lambda: simulation.current,
        "set_device": set_device,
        "device": device,
        "get_device_properties": properties,
        "get_device_name": lambda index=None: properties(index).name,
        "get_device_capability": lambda index=None: simulation.settings.capability,
        "synchronize": lambda device=None: chosen(device).synchronize(),
    }


def _memory(simulation: "Simulation") -> dict[str, Any]:
    def allocator(device=None):
        return simulation.devices[_number(simulation, device)].allocator

    def limit(fraction, device=None):
        allocator(device).fraction = fraction

    def free(device=None):
        of = allocator(device)
        return of.total - of.reserved.current - of.taken_by_others, of.total

    return {
        "mem_get_info": free,
        "memory_allocated": lambda device=None: allocator(device).allocated.current,
        "max_memory_allocated": lambda device=None: allocator(device).allocated.peak,
        "memory_reserved": lambda device=None: allocator(device).reserved.current,
        "max_memory_reserved": lambda device=None: allocator(device).reserved.peak,
        "memory_stats": lambda device=None: allocator(device).stats(),
        "empty_cache": lambda: allocator().empty_cache(),
        "reset_peak_memory_stats": lambda device=None: allocator(device).reset_peaks(),
        "set_per_process_memory_fraction": limit,
        "get_allocator_backend": lambda: simulation.settings.allocator,
    }


def _classes(simulation: "Simulation") -> dict[str, Any]:
    class Stream:
        def __init__(self, device=None, priority=0, queue=None):
            self.queue = queue or simulation.devices[_number(simulation, device)].new_queue()

        def wait_stream(self, other):
            self.queue.end = max(self.queue.end, other.queue.end)

        def synchronize(self):
            self.queue.device.wait_within_operator("stream")

        def query(self):
            return self.queue.end <= simulation.host.now

        def __eq__(self, other):
            return isinstance(other, Stream) and other.queue is self.queue

        def __hash__(self):
            return id(self.queue)

    class Event:
        def __init__(self, enable_timing=False, **more):
            self._end = 0.0

        def record(self, stream=None):
            simulation.host.now += EVENT
            queue = stream.queue if stream else simulation.device.current
            self._end = max(queue.end, simulation.host.now)

        def query(self):
            return self._end <= simulation.host.now

        def synchronize(self):
            simulation.host.now = max(simulation.host.now, self._end)

        def elapsed_time(self, other):
            if not (self.query() and other.query()):
                raise RuntimeError("Both events must be completed before calculating elapsed time.")
            return 1e3 * (other._end - self._end)

    class CUDAGraph:
        def __init__(self, keep_graph=False):
            self._kernels, self._pool, self._device = None, None, simulation.device

        def capture_begin(self, pool=None, capture_error_mode="global", **more):
            self._device = simulation.device
            self._pool = pool or self._device.new_pool()
            self._device.begin_capture(self._pool)

        def capture_end(self):
            self._kernels = self._device.end_capture()

        def replay(self):
            self._device.replay(self._kernels)

        def reset(self):
            if self._pool is not None:
                self._device.allocator.users[self._pool] -= 1
            self._kernels, self._pool = None, None

        def pool(self):
            return self._pool

        def __del__(self):
            self.reset()

    def set_stream(stream):
        stream.queue.device.current = stream.queue

    class StreamContext:
        def __init__(self, new):
            self._new = new

        def __enter__(self):
            self._before = Stream(queue=self._new.queue.device.current)
            set_stream(self._new)

        def __exit__(self, kind, problem, trace):
            set_stream(self._before)

    def device_queue(device):
        return simulation.devices[_number(simulation, device)]

    return {
        "Stream": Stream,
        "Event": Event,
        "CUDAGraph": CUDAGraph,
        "set_stream": set_stream,
        "stream": StreamContext,
        "current_stream": lambda device=None: Stream(queue=device_queue(device).current),
        "default_stream": lambda device=None: Stream(queue=device_queue(device).default),
    }

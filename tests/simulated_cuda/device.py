"""One simulated device: queues, events, captures, a random generator."""

import warnings
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import count

import torch

from tests.simulated_cuda.allocator import NO_POOL, Allocator, Pool
from tests.simulated_cuda.settings import Settings

DeviceError = getattr(torch, "AcceleratorError", RuntimeError)
EMPTY = (
    "The CUDA Graph is empty. This usually means that the graph was attempted to be captured on wrong device or"
    " stream."
)
EVENT = 1e-6  # seconds of the host, to record one
READING = 1e-7  # seconds of the host, to read its clock


class Host:
    """The clock of the host: it moves when something is issued or waited for."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waited = 0.0  # seconds that its threads have stood in a run queue

    def read(self) -> float:
        """The time, which takes some."""
        self.now += READING
        return self.now


@dataclass
class Kernel:
    """One kernel as it ran, in seconds of the host's clock."""

    name: str
    begin: float
    seconds: float


class Queue:
    """The work of one stream: when the last of it will have ended."""

    def __init__(self, device: "Device") -> None:
        self.device = device
        self.end = 0.0


@dataclass
class Capture:
    """One that is under way."""

    queue: Queue
    pool: Pool
    kernels: list[tuple[str, float]] = field(default_factory=list)
    problem: str = ""  # what has invalidated it


class Device:
    """A device with its streams' queues."""

    def __init__(self, index: int, settings: Settings, host: Host) -> None:
        self.index, self.settings, self.host = index, settings, host
        self.allocator = Allocator(settings.memory, settings.allocator)
        self.default = Queue(self)
        self.current = self.default
        self.capture: Capture | None = None
        self.draws_in_capture = False  # the random generator's flag
        self.kernels: list[Kernel] = []  # that ran
        self.computed = 0.0  # seconds, so far
        self._begins: list[float] = []  # of kernels, and the seconds computed before each
        self._computed_before: list[float] = []
        self.checks_synchronisation = False  # torch.cuda.set_sync_debug_mode("error")
        self._pools = count(1)

    @property
    def clock(self) -> float:
        """Hz, which rise while it computes."""
        settings = self.settings
        share = 1.0 if not settings.ramp else min(1.0, self.computed / settings.ramp)
        return settings.rest_clock + share * (settings.clock - settings.rest_clock)

    def counted_joules(self) -> float:
        """What the counter of energy says: what was used until its last update."""
        step = self.settings.energy_step
        until = self.host.now // step * step
        busy = self._computed_until(until)
        return self.settings.rest_watts * until + (self.settings.watts - self.settings.rest_watts) * busy

    def _computed_until(self, time: float) -> float:
        last = bisect_right(self._begins, time) - 1
        if last < 0:
            return 0.0
        begin, seconds = self._begins[last], self.kernels[last].seconds
        return self._computed_before[last] + min(seconds, time - begin)

    @property
    def is_capturing(self) -> bool:
        return self.capture is not None and self.capture.queue is self.current

    @property
    def pool(self) -> Pool:
        """Where an allocation is made now."""
        return self.capture.pool if self.capture and self.is_capturing else NO_POOL

    def issue(self, name: str) -> None:
        """The host issues a kernel."""
        self.host.waited += self.settings.stolen
        self.host.now += self.settings.launch
        seconds = self.settings.kernels.get(name, self.settings.kernel)
        if self.capture and self.is_capturing:
            self.capture.kernels.append((name, seconds))
            return
        self._run(name, seconds, self.host.now)

    def spin(self, cycles: int) -> None:
        """torch.cuda._sleep."""
        self.host.now += self.settings.launch
        self._run("spin_kernel", cycles / self.clock, self.host.now)

    def replay(self, kernels: list[tuple[str, float]]) -> None:
        """The host issues a graph."""
        self.host.now += self.settings.replay + self.settings.node * len(kernels)
        for number, (name, seconds) in enumerate(kernels):
            gap = self.settings.gap if number else 0.0
            self._run(name, seconds, max(self.host.now, self.current.end) + gap)

    def synchronize(self) -> None:
        """Wait for all streams: forbidden during a capture, which it invalidates."""
        self._refuse_in_capture()
        self.host.now += self.settings.launch
        self.host.now = max([self.host.now, *(queue.end for queue in self.queues)])

    def wait_within_operator(self, name: str, hidden: bool = False) -> None:
        """An operator waits for its stream. hidden: torch does not know."""
        if self.checks_synchronisation and not hidden:
            raise RuntimeError("called a synchronizing CUDA operation")
        self._refuse_in_capture()
        self.host.now = max(self.host.now, self.current.end)

    def draw(self) -> None:
        """An operator draws from the device's generator."""
        if self.is_capturing and not self.draws_in_capture:
            raise RuntimeError("Attempt to increase offset for a CUDA generator not in capture mode.")
        if self.draws_in_capture and not self.is_capturing:
            raise RuntimeError("Offset increment outside graph capture encountered unexpectedly.")

    def begin_capture(self, pool: Pool) -> None:
        if self.current is self.default:
            raise RuntimeError("CUDA graphs must be captured on a non-default stream.")
        allocator = self.allocator
        if allocator.users.get(pool) == 0 and any(s.pool == pool for s in allocator.segments):
            raise RuntimeError(
                "it->second->use_count > 0 INTERNAL ASSERT FAILED"
            )  # of a pool without a graph
        self.draws_in_capture = True
        self.allocator.captures.append(pool)
        self.allocator.users[pool] = self.allocator.users.get(pool, 0) + 1
        self.capture = Capture(self.current, pool)

    def end_capture(self) -> list[tuple[str, float]]:
        """The kernels of the capture at hand. One that was invalidated raises, and leaves its traces."""
        capture = self.capture
        if capture is None or capture.queue is not self.current:
            raise RuntimeError("Capture must end on the same stream it began on.")
        self.capture = None
        if capture.problem:
            if self.settings.torch > (2, 12):
                self.draws_in_capture = False
            raise DeviceError("CUDA error: operation failed due to a previous error during capture")
        self.allocator.captures.remove(capture.pool)
        self.draws_in_capture = False
        if not capture.kernels:
            warnings.warn(EMPTY, stacklevel=2)
        return capture.kernels

    def invalidate_capture(self, problem: str) -> None:
        """Something that may not be captured happened."""
        if self.capture:
            self.capture.problem = problem
        raise DeviceError(f"CUDA error: {problem}")

    def new_pool(self) -> Pool:
        return (0, next(self._pools))

    @property
    def queues(self) -> list[Queue]:
        return list({id(queue): queue for queue in (self.default, self.current, *self._streams)}.values())

    _streams: tuple[Queue, ...] = ()

    def new_queue(self) -> Queue:
        queue = Queue(self)
        self._streams = (*self._streams, queue)
        return queue

    def _refuse_in_capture(self) -> None:
        if self.capture:
            self.invalidate_capture("operation not permitted when stream is capturing")

    def _run(self, name: str, seconds: float, earliest: float) -> None:
        begin = max(earliest, self.current.end)
        self.current.end = begin + seconds
        self._begins.append(begin)
        self._computed_before.append(self.computed)
        self.computed += seconds
        self.kernels.append(Kernel(name, begin, seconds))

"""A device's own clock: events around work that the host has put into the queue while the device was kept
spinning, so that no kernel of it waited for its launch."""

from time import perf_counter

import torch

from attnprof.backends import Burst, Call

SHORTEST_SPIN = 50e-6  # seconds
SPIN_SHARE = 1.5  # of the time that the host takes to issue the work
LONGEST_SPIN = 0.25  # seconds; a host that takes longer is waiting for the device
CYCLES = 10**6  # of a spin that only tells how long a cycle takes
LOAD_SECONDS = 0.1  # of spinning, after which a device is at the clock that it computes with
EMPTY_PAIRS = 16
HOST_IS_SLOW = (
    f"the host takes more than {LONGEST_SPIN:g} s to issue the calls, or waits for the device in them:"
    " kernels would be timed with the gaps between their launches"
)


class DeviceClock:
    """Events on the current stream.

    flushed: bytes written before each measurement, so that what it reads is no longer in the L2 cache.
    """

    def __init__(self, flushed: int) -> None:
        self._trash = torch.empty(flushed, dtype=torch.int8, device="cuda")
        self._before, self._start, self._end = _event(), _event(), _event()
        self._cycles_per_second = 1e9
        self._load()
        self._empty = 0.0
        pairs = [self.seconds(lambda: None, SHORTEST_SPIN) for _ in range(EMPTY_PAIRS)]
        self._empty = min((pair for pair in pairs if pair is not None), default=0.0)

    def seconds(self, work: Call, spin: float) -> float | None:
        """Of the device, for ``work``, behind a spin of so many seconds; an empty pair of events taken off.

        None where the spin had ended before the host had issued everything.
        """
        self._trash.zero_()
        self._before.record()
        cycles = self._spin(spin)
        self._start.record()
        work()
        self._end.record()
        was_waiting = not self._start.query()  # type: ignore[no-untyped-call] # torch has no annotation
        self._end.synchronize()
        self._calibrate(cycles)
        return _between(self._start, self._end) - self._empty if was_waiting else None

    def _load(self) -> None:
        """Let the device compute until its clock is that of a device that does."""
        spent = 0.0
        while spent < LOAD_SECONDS:
            self._before.record()
            _sleep(CYCLES)
            self._start.record()
            self._start.synchronize()
            self._calibrate(CYCLES)
            spent += _between(self._before, self._start)

    def _spin(self, seconds: float) -> int:
        """Spin for about so many seconds; the cycles that this takes."""
        cycles = max(1, round(seconds * self._cycles_per_second))
        _sleep(cycles)
        return cycles

    def _calibrate(self, cycles: int) -> None:
        """How long a cycle takes now: a device changes its clock as it pleases."""
        self._cycles_per_second = cycles / max(_between(self._before, self._start), 1e-9)


class Queued:
    """Some calls, issued at once by ``issue`` and timed behind a spin."""

    def __init__(self, clock: DeviceClock, issue: Call, call: Call, calls: int, captured: bool) -> None:
        self.captured = captured
        self.note = "" if captured else "issued behind a spin, not captured as a graph"
        self._clock, self._issue, self._call, self._calls = clock, issue, call, calls
        issue()  # the first time sets something up
        self._spin = max(SHORTEST_SPIN, SPIN_SHARE * _issuing(issue))

    def sample(self) -> Burst:
        """All of them by the device's clock, and as many eager calls back to back by the host's."""
        return Burst(self._device_seconds(), back_to_back(self._call, self._calls))

    def _device_seconds(self) -> float | None:
        while self._spin <= LONGEST_SPIN:
            seconds = self._clock.seconds(self._issue, self._spin)
            if seconds is not None:
                return max(0.0, seconds) / self._calls
            self._spin *= 2
        self.note = HOST_IS_SLOW
        return None


class Unqueued:
    """Some calls that the device's clock cannot time, for the reason in ``note``."""

    captured = False

    def __init__(self, call: Call, calls: int, note: str) -> None:
        self.note = note
        self._call, self._calls = call, calls

    def sample(self) -> Burst:
        """The calls back to back by the host's clock."""
        return Burst(None, back_to_back(self._call, self._calls))


def back_to_back(call: Call, calls: int) -> float:
    """Seconds per call of calls that only the last is waited for."""
    torch.cuda.synchronize()
    start = perf_counter()
    for _ in range(calls):
        call()
    torch.cuda.synchronize()
    return (perf_counter() - start) / calls


def _issuing(issue: Call) -> float:
    """Seconds of the host to issue something, without waiting for it."""
    torch.cuda.synchronize()
    start = perf_counter()
    issue()
    seconds = perf_counter() - start
    torch.cuda.synchronize()
    return seconds


def _event() -> torch.cuda.Event:
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call] # torch has no annotation


def _between(start: torch.cuda.Event, end: torch.cuda.Event) -> float:
    return float(start.elapsed_time(end)) / 1e3


def _sleep(cycles: int) -> None:
    torch.cuda._sleep(cycles)  # type: ignore[no-untyped-call] # torch has no annotation

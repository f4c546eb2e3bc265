"""One session of torch's profiler around one sample: the same replay of a graph by the device's events and by
the profiler (CUPTI), and the same calls issued one by one."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch._C._autograd import DeviceType

from attnprof.backends import Burst, Kernels, _profiler


@dataclass(frozen=True)
class DeviceEvent:
    """A kernel, or a copy or fill of memory, in seconds of the profiler's clock."""

    name: str
    begin: float
    end: float


@dataclass(frozen=True)
class Seen:
    """What the profiler saw of some calls, in seconds of one call. busy: all kernels added up. span: from the
    first one's begin to the last one's end. count: kernels."""

    busy: float
    span: float
    count: float


def session(kernels: Kernels) -> tuple[Burst, list[DeviceEvent]]:
    """One sample, and all that the device did for it. No event: the profiler is not allowed to see any."""
    torch.cuda.synchronize()
    # The session of attnprof's own figure: no events of the host, which would slow it.
    profiler = _profiler.profile(use_device="cuda", use_cpu=False, use_kineto=True)
    with profiler:
        burst = kernels.sample()
        torch.cuda.synchronize()
    results = profiler.kineto_results
    events = [
        DeviceEvent(each.name(), each.start_ns() / 1e9, (each.start_ns() + each.duration_ns()) / 1e9)
        for each in (results.events() if results else [])
        if each.device_type() == DeviceType.CUDA
    ]
    return burst, sorted(events, key=lambda each: each.begin)


def replayed_and_eager(events: Sequence[DeviceEvent], calls: int) -> tuple[Seen, Seen]:
    """What a sample's events are of: behind the last spin the replay of ``calls`` calls, then the same calls
    one by one. Raises ValueError where the two are not of the same kernels."""
    spins = [number for number, event in enumerate(events) if _profiler.MARK in event.name]
    behind = events[spins[-1] + 1 :] if spins else []
    half = len(behind) // 2
    replayed, eager = behind[:half], behind[half:]
    if not half or [event.name for event in replayed] != [event.name for event in eager]:
        raise ValueError(f"the {len(behind)} kernels behind the spin are not twice those of the calls")
    return seen(replayed, calls), seen(eager, calls)


def seen(events: Sequence[DeviceEvent], calls: int) -> Seen:
    """Of events of ``calls`` calls."""
    busy = sum(event.end - event.begin for event in events)
    span = max(event.end for event in events) - min(event.begin for event in events)
    return Seen(busy / calls, span / calls, len(events) / calls)

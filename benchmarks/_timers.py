"""One case under every timer: ours, torch's Timer, triton's do_bench and do_bench_cudagraph."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from statistics import median

import torch

from attnprof.backends import Backend, Call, Kernels
from attnprof.records.case import Case
from attnprof.subject.calls import call_of
from attnprof.subject.inputs import ring

SAMPLES, MOST_CALLS = 9, 64
SAMPLE_SECONDS = 2e-3  # of a sample of ours, about
PEER_MILLISECONDS = 20  # of a peer's repetitions
# Each peer, and the figure of ours that is of the same thing.
PAIRS = {
    "do_bench_cudagraph": "device_time, hot",
    "do_bench": "device_time",
    "blocked_autorange": "back_to_back, hot",
}


Inputs = Iterator[torch.Tensor]


@dataclass(frozen=True)
class Rings:
    """Inputs of one shape without end, for all cases of that shape. cold: none is in the cache when its turn
    comes. hot: one and the same."""

    cold: Inputs
    hot: Inputs


def rings_of(case: Case, backend: Backend, device: torch.device) -> Rings:
    """The inputs of ``case`` and of all like it."""
    cache = backend.cache_bytes()
    return Rings(ring(case, device, cache), ring(replace(case, inputs="hot"), device, cache))


class Subject:
    """One case, ready for every timer: ours of cold and of hot inputs, the peers' of one input."""

    def __init__(self, case: Case, backend: Backend, device: torch.device, rings: Rings) -> None:
        self._backend = backend
        self._cold = _warm(call_of(case, device, rings.cold))
        self._hot = _warm(call_of(replace(case, inputs="hot"), device, rings.hot))
        self._calls = self._calls_in_a_sample()
        self._cold_kernels, self._hot_kernels = self._kernels(self._cold), self._kernels(self._hot)

    def timers(self) -> dict[str, Callable[[], float | None]]:
        """What there is here, by name."""
        ours = {"latency": self._latency, "back_to_back, hot": self._back_to_back}
        if self._cold_kernels and self._hot_kernels:
            cold, hot = self._cold_kernels, self._hot_kernels
            ours |= {"device_time": lambda: _device_time(cold), "device_time, hot": lambda: _device_time(hot)}
        peers = {"blocked_autorange": lambda: blocked_autorange(self._hot)}
        if self._cold_kernels and find_spec("triton"):
            peers |= {
                "do_bench": lambda: do_bench(self._hot),
                "do_bench_cudagraph": lambda: do_bench_cudagraph(self._hot),
            }
        return {**ours, **peers}

    def _calls_in_a_sample(self) -> int:
        once = max(self._backend.sample(self._cold, 3).wall / 3, 1e-9)
        return max(1, min(MOST_CALLS, round(SAMPLE_SECONDS / once)))

    def _kernels(self, call: Call) -> Kernels | None:
        return self._backend.capture(call, self._calls)

    def _latency(self) -> float:
        walls = (self._backend.sample(self._cold, self._calls).wall for _ in range(SAMPLES))
        return median(walls) / self._calls

    def _back_to_back(self) -> float:
        if self._hot_kernels:
            return median(self._hot_kernels.sample().host for _ in range(SAMPLES))
        walls = (self._backend.sample(self._hot, self._calls).wall for _ in range(SAMPLES))
        return median(walls) / self._calls


def _warm(call: Call) -> Call:
    for _ in range(3):
        call()
    return call


def _device_time(kernels: Kernels) -> float | None:
    seconds = [kernels.sample().device for _ in range(SAMPLES)]
    known = [each for each in seconds if each is not None]
    return median(known) if known else None


def blocked_autorange(call: Call) -> float:
    """torch's Timer."""
    from torch.utils.benchmark import Timer

    timer = Timer("f()", globals={"f": call}, num_threads=torch.get_num_threads())
    return timer.blocked_autorange(min_run_time=PEER_MILLISECONDS / 1e3).median


def do_bench(call: Call) -> float:
    """triton.testing.do_bench, its median."""
    from triton.testing import do_bench as bench

    return float(bench(call, warmup=5, rep=PEER_MILLISECONDS, return_mode="median")) / 1e3


def do_bench_cudagraph(call: Call) -> float:
    """triton.testing.do_bench_cudagraph, its median."""
    from triton.testing import do_bench_cudagraph as bench

    return float(bench(call, rep=PEER_MILLISECONDS, return_mode="median")) / 1e3

"""The peaks of a device: copies, products and one operator per category of work, timed once per run."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from math import ceil, log2

import torch
from torch.nn import functional

from attnprof.backends import Backend, Call
from attnprof.measuring.bound import Peaks
from attnprof.measuring.inputs import random_inputs

IN_CACHE = (1 / 256, 1 / 16, 1 / 2)  # working sets, of the last-level cache
OUT_OF_CACHE = 8  # times the cache: memory itself
# Eight times a server's cache takes seconds to allocate. Twice is what cold inputs have.
ENOUGH, STILL_OUT = 2**30, 2
SAMPLES = 5  # the best of them is a peak; the others are its noise
WARM_SECONDS = 4e-3
ELEMENTS = 2**16  # of the operators' operands: in cache, and long enough that starting them takes no time
PRODUCTS = {"cpu": (256, 768)}
LARGE_PRODUCTS = (1024, 4096)
MOST_AT_ONCE = 2**28  # bytes that one call moves: eight times a large cache takes seconds to go through


def peaks(backend: Backend, device: torch.device, dtypes: Sequence[torch.dtype]) -> Peaks:
    """The peaks of ``device``, with the threads this process has; of several dtypes the better one of each
    rate."""
    cache = backend.cache_bytes()
    rates: dict[str, float] = {}
    with torch.no_grad():
        for dtype in dtypes:
            for category, rate in _rates(backend, device, dtype).items():
                rates[category] = max(rate, rates.get(category, 0.0))
        one = torch.ones(1, device=device)
        launch = _seconds(backend, partial(torch.add, one, one, out=one.clone()))
        bandwidths = tuple((size, _bandwidth(backend, device, size)) for size in working_sets(cache))
    condition = backend.condition()
    return Peaks(bandwidths, rates, launch, cache, condition.clock if condition else None)


def working_sets(cache: int) -> tuple[int, ...]:
    """Bytes of those whose bandwidth is measured, the smallest first, of a device with so large a last-level
    cache."""
    memory = max(STILL_OUT * cache, min(OUT_OF_CACHE * cache, ENOUGH))
    return (*(round(share * cache) for share in IN_CACHE), memory)


def _seconds(backend: Backend, call: Call) -> float:
    """The least seconds of one call, by the device's clock where it has one."""
    backend.sample(call, 1)
    once = backend.sample(call, 1).wall
    backend.sample(call, max(1, ceil(WARM_SECONDS / max(once, 1e-9))))
    calls = max(1, ceil(backend.sample_seconds / max(backend.sample(call, 3).wall / 3, 1e-9)))
    kernels = backend.kernels(call, calls)
    bursts = [kernels.sample().device for _ in range(SAMPLES)] if kernels else []
    if seconds := [burst for burst in bursts if burst]:
        return min(seconds)
    samples = [backend.sample(call, calls) for _ in range(SAMPLES)]
    return max(1e-9, min(s.busy if s.busy is not None else s.wall for s in samples) / calls)


def _bandwidth(backend: Backend, device: torch.device, size: int) -> float:
    """Bytes per second of a working set of ``size`` bytes, gone through part by part.

    The better of a copy and of a maximum, which writes nothing.
    """
    parts = ceil(size / MOST_AT_ONCE)
    halves = max(1, size // parts // 8)  # of a part, in elements
    pairs = random_inputs(parts, (2, halves), device, torch.float32, seed=0)
    turn = cycle(pairs)

    def copy() -> object:
        source, target = next(turn)
        return target.copy_(source)

    def most() -> object:
        return torch.amax(next(turn))

    return max(pairs[0].nbytes / _seconds(backend, call) for call in (copy, most))


def _rates(backend: Backend, device: torch.device, dtype: torch.dtype) -> dict[str, float]:
    """FLOP/s by category. On a GPU of products alone: whatever else it computes it computes while it waits
    for memory, so that a rate of it would be a bandwidth once more, and no bound of a fused kernel."""
    mac = 0.0
    for size in PRODUCTS.get(device.type, LARGE_PRODUCTS):
        m = torch.randn(size, size, device=device).to(dtype)
        mac = max(mac, 2.0 * size**3 / _seconds(backend, partial(torch.mm, m, m)))
    return _all_rates(backend, device, dtype, mac) if device.type == "cpu" else {"mac": mac}


def _all_rates(backend: Backend, device: torch.device, dtype: torch.dtype, mac: float) -> dict[str, float]:
    n = ELEMENTS

    def rate(flops: float, *calls: Callable[[], object]) -> float:
        return max(flops / _seconds(backend, call) for call in calls)

    a = torch.randn(n, device=device).abs().to(dtype)
    b, out = a.flip(0), torch.empty_like(a)
    rows = a.view(-1, 256)
    image = a.view(1, 16, -1, 32)
    mean, scale = torch.zeros(16, device=device, dtype=dtype), torch.ones(16, device=device, dtype=dtype)
    pointwise = max(
        rate(n, partial(torch.add, a, b, out=out), partial(torch.clamp, a, 0.0, out=out)),
        rate(2 * n, partial(torch.addcmul, a, b, b, out=out)),
    )
    # A square is written as a power, and is the quickest of what counts as one.
    functions = [
        partial(function, a, out=out) for function in (torch.exp, torch.sqrt, torch.sigmoid, torch.tanh)
    ]
    exp = rate(n, *functions, partial(torch.pow, a, 2, out=out))
    # A softmax without its exponentials: they have a category of their own.
    soft = _seconds(backend, partial(torch.softmax, rows, 1))
    alone = max(soft - n / exp, 0.1 * soft)
    fourier = a.float().view(-1, 256) if dtype != torch.float64 else rows
    return {
        "mac": mac,
        "bias": max(mac, pointwise),  # a product adds its bias while the sum is at hand
        "pointwise": pointwise,
        "reduction": rate(n, partial(torch.amax, a), partial(torch.sum, rows, 1), partial(torch.sum, a)),
        "norm": rate(4 * n, partial(functional.batch_norm, image, mean, scale, scale, mean)),
        "softmax": (4 * n) / alone,
        "transcendental": exp,
        "fft": rate(5 * n * log2(256), partial(torch.fft.fft, fourier)),
    }

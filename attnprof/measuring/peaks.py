"""What a device can do at best: copies, products and one operator per category of work, timed once per run."""

from collections.abc import Callable, Sequence
from functools import partial
from math import ceil, log2

import torch
from torch.nn import functional

from attnprof.backends import Backend, Call
from attnprof.measuring.bound import Peaks

WORKING_SETS = (1 / 256, 1 / 16, 1 / 2, 8)  # of the last-level cache; the last is memory itself
SAMPLES = 5  # the best of them is a peak; the others are its noise
WARM_SECONDS = 4e-3
ELEMENTS = {"cpu": 2**16}  # of the operators' operands: in cache, and long enough that starting them takes no time
MANY_ELEMENTS = 2**25
PRODUCTS = {"cpu": (256, 768)}
LARGE_PRODUCTS = (1024, 4096)


def peaks(backend: Backend, device: torch.device, dtypes: Sequence[torch.dtype]) -> Peaks:
    """The peaks of ``device``, with the threads this process has; of several dtypes the better one of each rate."""
    cache = backend.cache_bytes()
    rates: dict[str, float] = {}
    with torch.no_grad():
        for dtype in dtypes:
            for category, rate in _rates(backend, device, dtype).items():
                rates[category] = max(rate, rates.get(category, 0.0))
        one = torch.ones(1, device=device)
        launch = _seconds(backend, partial(torch.add, one, one, out=one.clone()))
        bandwidths = tuple(
            (round(share * cache), _bandwidth(backend, device, round(share * cache))) for share in WORKING_SETS
        )
    condition = backend.condition()
    return Peaks(bandwidths, rates, launch, cache, condition.clock if condition else None)


def _seconds(backend: Backend, call: Call) -> float:
    """The least seconds of one call, by the device's clock where it has one."""
    backend.sample(call, 1)
    once = backend.sample(call, 1).wall
    backend.sample(call, max(1, ceil(WARM_SECONDS / max(once, 1e-9))))
    calls = max(1, ceil(backend.sample_seconds / max(backend.sample(call, 3).wall / 3, 1e-9)))
    kernels = backend.kernels(call, calls)
    if kernels:
        return min(kernels.sample().device for _ in range(SAMPLES))
    samples = [backend.sample(call, calls) for _ in range(SAMPLES)]
    return max(1e-9, min(s.busy if s.busy is not None else s.wall for s in samples) / calls)


def _bandwidth(backend: Backend, device: torch.device, size: int) -> float:
    """Bytes per second: the better of a copy and of a sum, which writes nothing."""
    half = torch.randn(max(1, size // 8), device=device)
    copied = 2 * half.nbytes / _seconds(backend, partial(torch.empty_like(half).copy_, half))
    whole = torch.cat([half, half])
    return max(copied, whole.nbytes / _seconds(backend, partial(torch.amax, whole)))


def _rates(backend: Backend, device: torch.device, dtype: torch.dtype) -> dict[str, float]:
    kind = device.type
    n = ELEMENTS.get(kind, MANY_ELEMENTS)

    def rate(flops: float, *calls: Callable[[], object]) -> float:
        return max(flops / _seconds(backend, call) for call in calls)

    a = torch.randn(n, device=device).abs().to(dtype)
    b, out = a.flip(0), torch.empty_like(a)
    rows = a.view(-1, 256)
    image = a.view(1, 16, -1, 32)
    mean, scale = torch.zeros(16, device=device, dtype=dtype), torch.ones(16, device=device, dtype=dtype)
    products = [
        (2.0 * size**3, torch.mm, torch.randn(size, size, device=device).to(dtype))
        for size in PRODUCTS.get(kind, LARGE_PRODUCTS)
    ]
    mac = max(rate(flops, partial(product, m, m)) for flops, product, m in products)
    pointwise = max(
        rate(n, partial(torch.add, a, b, out=out), partial(torch.clamp, a, 0.0, out=out)),
        rate(2 * n, partial(torch.addcmul, a, b, b, out=out)),
    )
    # A square is written as a power, and is the quickest of what counts as one.
    functions = [partial(function, a, out=out) for function in (torch.exp, torch.sqrt, torch.sigmoid, torch.tanh)]
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

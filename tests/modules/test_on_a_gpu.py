"""Every module and variant on a simulated GPU, forward and backward: all it makes is on the device, nothing is in double
precision, and nothing waits for the device.

FakeTensorMode would say the same of devices, and cannot: a build of torch for the CPU has no guard for CUDA's devices,
without which indexing and autograd refuse fake tensors on them.
"""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from attnprof.catalogue import MODULES, create, entry, selection
from tests.simulated_cuda import simulated

POINTS = [(c, side, side) for c in (64, 128, 96) for side in (8, 7, 14, 16, 32, 56)]


class Watch(TorchDispatchMode):
    """The operators that make something on the CPU, or in double precision."""

    def __init__(self, tensors):
        super().__init__()
        self._tensors = tensors
        self.on_cpu, self.doubles = set(), set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func._schema.name.removeprefix("aten::")
        result = func(*args, **(kwargs or {}))
        for output in result if isinstance(result, list | tuple) else [result]:
            if not isinstance(output, torch.Tensor) or not output.numel():
                continue
            if output.dim() and self._tensors.index(output) is None:  # a number goes along with the kernel
                self.on_cpu.add(name)
            if output.dtype == torch.float64:
                self.doubles.add(name)
        return result


@pytest.mark.slow
@pytest.mark.parametrize(
    "choice",
    selection.select(MODULES.names(), "all"),
    ids=lambda choice: " ".join([choice.module, *(f"{k}={v}" for k, v in choice.settings)]),
)
def test_it_stays_on_the_device_and_never_waits_for_it(choice):
    module = entry(choice.module)
    settings = module.settings(dict(choice.settings))
    c, h, w = next(point for point in POINTS if module.fits(*point, settings))
    with simulated() as simulation:
        with torch.device("cuda"):
            built = create(choice.module, c, height=h, width=w, **settings).train()
        inputs = [torch.randn(2, c, h, w, device="cuda").requires_grad_() for _ in range(module.maps)]
        torch.cuda.set_sync_debug_mode("error")  # from now on what waits raises
        with Watch(simulation.tensors) as watch:
            built(*inputs).sum().backward()
        assert {x.grad.device for x in inputs} == {torch.device("cuda", 0)}
        assert {p.device.type for p in built.parameters()} <= {"cuda"}
    assert (watch.on_cpu, watch.doubles) == (set(), set())

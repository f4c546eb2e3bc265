"""The call that is timed: a forward pass, or a step of training."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn

from attnprof.backends import Call
from attnprof.counting import first_tensor
from attnprof.records.case import Case
from attnprof.subject.build import DTYPES, build
from attnprof.subject.inputs import MOST_INPUTS

PLAIN: AbstractContextManager[object] = nullcontext()
# Rows and columns of the product that is timed beside the cells. A GPU would spend a small one on its launch.
REFERENCE = {"cpu": 256}
LARGE_REFERENCE = 2048


class Forward:
    """The call of an eval cell: the next input, without gradients."""

    keeps = 0  # bytes that stay after a call

    def __init__(
        self,
        module: nn.Module,
        inputs: Iterator[torch.Tensor],
        autocast: AbstractContextManager[object] = PLAIN,
    ) -> None:
        self._module, self._inputs, self._autocast = module, inputs, autocast

    def __call__(self) -> object:
        """One forward pass."""
        with torch.no_grad(), self._autocast:
            return self._module(next(self._inputs))

    def output(self, x: torch.Tensor) -> object:
        """What the module returns for x."""
        return output_of(self._module, x, self._autocast)

    def clear(self) -> None:
        """Nothing stays after a call."""


class Step:
    """The call of a train cell: forward and backward, to the input and to all parameters, gradients cleared
    before."""

    def __init__(
        self,
        module: nn.Module,
        inputs: Iterator[torch.Tensor],
        autocast: AbstractContextManager[object] = PLAIN,
    ) -> None:
        self._module, self._inputs, self._autocast = module, inputs, autocast
        parameters = [p for p in module.parameters() if p.requires_grad]
        self.keeps = sum(p.numel() * p.element_size() for p in parameters)
        self._gradient: torch.Tensor | None = None

    def __call__(self) -> object:
        """One step."""
        self.clear()
        x = next(self._inputs).detach().requires_grad_()
        with self._autocast:
            output = self._module(x)
        first = first_tensor(output)
        if first is None:
            raise TypeError(f"the module returns no tensor but {type(output).__name__}")
        if self._gradient is None:  # made in the first call, because nothing runs the module before that
            self._gradient = torch.randn_like(first)
        first.backward(self._gradient)  # type: ignore[no-untyped-call] # torch has no annotation
        return output

    def output(self, x: torch.Tensor) -> object:
        """What the module returns for x, without gradients."""
        return output_of(self._module, x, self._autocast)

    def clear(self) -> None:
        """Give back the gradients of the step before."""
        self._module.zero_grad(set_to_none=True)


def output_of(module: nn.Module, x: torch.Tensor, autocast: AbstractContextManager[object]) -> object:
    """What ``module`` returns for x, without gradients."""
    with torch.no_grad(), autocast:
        return module(x)


def call_of(case: Case, device: torch.device, inputs: Iterator[torch.Tensor]) -> Forward | Step:
    """The call that is measured, on ``inputs`` as ``ring`` makes them."""
    module = build(case, device)
    if case.compile_mode:
        module = _compiled(module, case.compile_mode)
    return (Forward if case.mode == "eval" else Step)(module, inputs, _autocast(case))


def settling_calls(case: Case) -> int:
    """How many calls behind the first one set something up, too.

    Where torch.compile makes graphs it runs a function to warm up, records it in the next call, and replays
    it from then on.
    """
    return 3 if case.replays_graphs else 0


def reference(device: torch.device) -> Call:
    """A call that is the same in every run: a square product, which shows the device's clock and nothing of
    memory."""
    generator = torch.Generator().manual_seed(0)
    size = REFERENCE.get(device.type, LARGE_REFERENCE)
    a = torch.randn(size, size, generator=generator).to(device)
    return lambda: torch.mm(a, a)


def _compiled(module: nn.Module, mode: str) -> nn.Module:
    import torch._dynamo

    allow_compiling(torch._dynamo.config, MOST_INPUTS)
    compiled: Any = torch.compile(module, dynamic=False, mode=mode)
    return compiled  # type: ignore[no-any-return]


def allow_compiling(config: Any, times: int) -> None:
    """Let dynamo compile one code so many times. Cells of one class share their code, and beyond eight of
    them it would quietly run eagerly."""
    limit = "recompile_limit" if hasattr(config, "recompile_limit") else "cache_size_limit"  # torch 2.6
    for name in (limit, f"accumulated_{limit}"):
        setattr(config, name, times)


def _autocast(case: Case) -> AbstractContextManager[object]:
    if not case.autocast:
        return PLAIN
    return torch.autocast(case.device.partition(":")[0], DTYPES[case.autocast])

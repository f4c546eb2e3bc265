"""``cost``: the account of any nn.Module, or of a module named in the catalogue."""

import random
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from attnprof.catalogue import create
from attnprof.catalogue.entry import Value
from attnprof.counting.account import Account, account_of
from attnprof.counting.building import on_meta
from attnprof.counting.stand_in import stand_in
from attnprof.errors import UsageError


def cost(
    module: "nn.Module | str",
    shape: tuple[int, ...],
    *,
    dtype: torch.dtype | None = None,
    backward: bool = False,
    fused: bool = True,
    verify: bool = False,
    **settings: Value,
) -> Account:
    """Count one call of ``module`` for an input of ``shape``: (N, C, H, W), or what else the module takes.

    module: any nn.Module, on any device, counted in its mode (train or eval); or a name of the catalogue,
    counted in eval mode with ``settings`` as its hyperparameters. dtype: of the input; by default that of the
    module's first floating-point parameter, else float32. backward: forward and backward. fused: keep scaled
    dot product attention in one operator; False gives the memory of its unfused path. verify: compare our
    shape functions with torch's own kernels.

    The module is neither run nor changed: a stand-in without data is counted, on meta tensors. Forward hooks
    run on the stand-in. A module that torch.compile made is counted as the module that it was made from.
    Raises UsageError for an unknown name and for impossible settings; what the module's own forward raises
    passes through.
    """
    if settings and not isinstance(module, str):
        raise UsageError(f"cost: {', '.join(sorted(settings))}: settings go with a name, not with a module")
    with _random_state(), _without_compiler(), torch.inference_mode(False):
        counted = _on_meta(module, shape, settings) if isinstance(module, str) else without_data(module)
        if dtype is None:
            dtype = next((p.dtype for p in counted.parameters() if p.is_floating_point()), torch.float32)
        elif isinstance(module, str):
            counted = counted.to(dtype)
        x = torch.empty(shape, device="meta", dtype=dtype)
        return account_of(counted, x, backward=backward, fused=fused, verify=verify)


def _on_meta(name: str, shape: tuple[int, ...], settings: dict[str, Value]) -> nn.Module:
    if len(shape) != 4:
        raise UsageError(f"cost: {name} takes maps (N, C, H, W), got a shape of {len(shape)} sides")
    with on_meta():
        return create(name, shape[1], height=shape[2], width=shape[3], **settings).eval()


def without_data(module: nn.Module) -> nn.Module:
    """A stand-in on the meta device, without gradients. Shared tensors stay shared; no element is read.

    Raises UsageError for a module that has no parameters yet, and for TorchScript.
    """
    return stand_in(module, _empty_as)


def _empty_as(tensor: torch.Tensor) -> torch.Tensor:
    if is_lazy(tensor):
        raise UsageError("cost: a lazy module has no parameters yet; call it once with an input first")
    if tensor.layout is not torch.strided:
        return torch.empty_like(tensor, device="meta")
    empty = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(empty, requires_grad=tensor.requires_grad)
    return empty.requires_grad_(tensor.requires_grad)


def _without_compiler() -> AbstractContextManager[object]:
    """Run functions that torch.compile made as they were written, and leave their compiled code alone."""
    if "torch._dynamo" not in sys.modules:  # nothing is compiled; torch's switch would import the compiler
        return nullcontext()
    stance: AbstractContextManager[object] = torch.compiler.set_stance("force_eager")
    return stance


@contextmanager
def _random_state() -> Iterator[None]:
    """Restore the random generators: a forward pass may draw random numbers on the CPU."""
    torch_state, python_state = torch.get_rng_state(), random.getstate()
    numpy = sys.modules.get("numpy")
    numpy_state = numpy.random.get_state() if numpy else None
    try:
        yield
    finally:
        torch.set_rng_state(torch_state)
        random.setstate(python_state)
        if numpy:
            numpy.random.set_state(numpy_state)

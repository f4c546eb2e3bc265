"""The account of a module at a shape: parameters, buffers, multiply-accumulates, output shape."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

aten = torch.ops.aten


@dataclass(frozen=True)
class Account:
    """Exact counts; all of them integers.

    params: learnable elements, a shared tensor once; trainable_params: those that require a gradient.
    buffers: elements of floating-point buffers (BatchNorm's batch counter is an integer and no weight).
    macs: multiply-accumulates of convolution, linear, matmul and attention products, the whole batch.
    output_shape: of the first output tensor.
    """

    params: int
    trainable_params: int
    buffers: int
    macs: int
    output_shape: tuple[int, ...]

    @property
    def frozen_params(self) -> int:
        """Learnable elements that no gradient reaches."""
        return self.params - self.trainable_params


# What FlopCounterMode passes over; matmul turns into these when an operand is a vector. Values are FLOPs (2 per MAC).
_VECTOR_PRODUCTS = {
    aten.mv: lambda a, b, **_: 2 * prod(a),
    aten.addmv: lambda c, a, b, **_: 2 * prod(a),
    aten.dot: lambda a, b, **_: 2 * prod(a),
    aten.vdot: lambda a, b, **_: 2 * prod(a),
}


def account(module: nn.Module, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Account:
    """Count ``module`` for an input of ``shape`` (N, C, H, W).

    The module must live on the meta device; it is counted in the mode (train or eval) that it is in.
    """
    x = torch.empty(shape, device="meta", dtype=dtype)
    counter = FlopCounterMode(display=False, custom_mapping=_VECTOR_PRODUCTS)
    # Under inference_mode composite operators would arrive undecomposed, and uncounted.
    with _decomposed_attention(), torch.no_grad(), counter:
        output = module(x)
    flops = counter.get_total_flops()
    if flops % 2:
        raise ArithmeticError(f"{flops} FLOPs of multiply-accumulates are not even: an operator's formula is wrong")
    parameters = list(module.parameters())
    return Account(
        params=sum(p.numel() for p in parameters),
        trainable_params=sum(p.numel() for p in parameters if p.requires_grad),
        buffers=sum(b.numel() for b in module.buffers() if b.is_floating_point()),
        macs=flops // 2,
        output_shape=_shape(output),
    )


def _shape(output: object) -> tuple[int, ...]:
    if isinstance(output, torch.Tensor):
        return tuple(output.shape)
    parts = list(output.values()) if isinstance(output, dict) else output
    if isinstance(parts, list | tuple) and parts:
        return _shape(parts[0])
    raise TypeError(f"the module returns no tensor but {type(output).__name__}")


@contextmanager
def _decomposed_attention() -> Iterator[None]:
    # The fast path of nn.MultiheadAttention is one fused operator, which the counter does not know.
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)

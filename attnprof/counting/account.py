"""The account of a module at a shape: everything that follows from shapes alone."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import nn

from attnprof.counting.dispatch import OnePass, OperatorCall
from attnprof.counting.fused import Fused
from attnprof.counting.memory import Alive
from attnprof.counting.rules import CATEGORIES, MAC, Cost
from attnprof.counting.submodules import Caller
from attnprof.errors import UsageError


@dataclass(frozen=True)
class Operator:
    """One operator as it ran. name: with its overload, ``aten.addmm.default``. module: path of the submodule that issued
    it, "" for the root. flops: by category. bytes: read and written."""

    name: str
    module: str
    backward: bool
    flops: Cost
    bytes: int
    out_shape: tuple[int, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return sum(n for category, n in self.flops if category == MAC) // 2

    @property
    def total_flops(self) -> int:
        """FLOPs of all categories."""
        return sum(n for _, n in self.flops)


@dataclass(frozen=True)
class Account:
    """Exact counts of one call at its whole batch: forward, or forward and backward. docs/counting.md defines them.

    params: learnable elements, a shared tensor once; trainable_params: those that require a gradient.
    leaf_params: those of submodules without submodules of their own, once per submodule: all that some counters see.
    channel_pairs: of an input and an output channel, that convolutions without bias join: sums that some counters begin at 0.
    buffers: elements of floating-point buffers (BatchNorm's batch counter is an integer and no weight).
    flops_by_category: every one of CATEGORIES. bytes_moved: what each operator reads and writes.
    minimal_bytes: input, output and parameters once (their gradients too, with backward).
    activation_memory: the most bytes alive at once that the call made. unknown_ops: operators without a rule, by name:
    where there are any, FLOPs are incomplete. output_shape: of the first output tensor.
    """

    params: int
    trainable_params: int
    leaf_params: int
    channel_pairs: int
    buffers: int
    flops_by_category: dict[str, int]
    bytes_moved: int
    minimal_bytes: int
    activation_memory: int
    unknown_ops: tuple[str, ...]
    output_shape: tuple[int, ...]
    backward: bool = False
    calls: tuple[OperatorCall, ...] = field(default=(), repr=False, compare=False)

    @property
    def frozen_params(self) -> int:
        """Learnable elements that no gradient reaches."""
        return self.params - self.trainable_params

    @property
    def macs(self) -> int:
        """Multiply-accumulates of convolution, linear, matmul and attention products."""
        return self.flops_by_category[MAC] // 2

    @property
    def flops(self) -> int:
        """All floating-point operations: 2 per MAC, and the rest."""
        return sum(self.flops_by_category.values())

    @property
    def arithmetic_intensity(self) -> float:
        """FLOPs per byte moved; 0 where nothing moves."""
        return self.flops / self.bytes_moved if self.bytes_moved else 0.0

    @cached_property
    def operators(self) -> tuple[Operator, ...]:
        """Every operator that moves or computes, in order."""
        return tuple(
            Operator(str(i.operator), i.module, i.backward, i.cost, i.bytes, i.out_shape) for i in self.calls
        )


def account(
    module: nn.Module,
    shape: tuple[int, ...],
    dtype: torch.dtype = torch.float32,
    *,
    backward: bool = False,
    verify: bool = False,
    fused: bool = True,
) -> Account:
    """Count ``module`` for an input of ``shape`` (N, C, H, W), in the mode (train or eval) that it is in.

    The module must live on the meta device. backward: count the backward pass too, to the input and to all parameters
    that require a gradient. verify: hold every shape function of ours to torch's own meta kernel (AssertionError).
    fused: keep scaled dot product attention in one operator; False counts its unfused path.
    """
    return account_of(
        module, torch.empty(shape, device="meta", dtype=dtype), backward=backward, verify=verify, fused=fused
    )


def account_of(
    module: nn.Module, x: torch.Tensor, *, backward: bool = False, verify: bool = False, fused: bool = True
) -> Account:
    """Count ``module`` called with ``x``, both on one device: on meta nothing is computed, on a real one everything is."""
    with torch.inference_mode(False):  # under it composite operators would arrive undecomposed
        seen = _observe(module, x, backward, verify, fused=False)
        if seen[0].fused_split and fused and x.is_meta:
            seen = _observe(module, x, backward, verify, fused=True)
    observed, alive, output = seen
    flops: Counter[str] = Counter()
    moved = 0
    for call in observed.calls:
        moved += call.bytes
        for category, n in call.cost:
            flops[category] += n
    parameters = list(module.parameters())
    first = _first(output)
    minimal = _bytes(x) + _bytes(first) + sum(map(_bytes, parameters))
    return Account(
        params=sum(p.numel() for p in parameters),
        trainable_params=sum(p.numel() for p in parameters if p.requires_grad),
        leaf_params=sum(p.numel() for leaf in _leaves(module) for p in leaf.parameters(recurse=False)),
        channel_pairs=sum(_pairs(part) for part in module.modules()),
        buffers=sum(b.numel() for b in module.buffers() if b.is_floating_point()),
        flops_by_category={category: flops[category] for category in CATEGORIES},
        bytes_moved=moved,
        minimal_bytes=minimal * (2 if backward else 1),
        activation_memory=alive.peak,
        unknown_ops=tuple(sorted(observed.unknown)),
        output_shape=tuple(first.shape),
        backward=backward,
        calls=tuple(observed.calls),
    )


def _observe(
    module: nn.Module, x: torch.Tensor, backward: bool, verify: bool, fused: bool
) -> tuple[OnePass, Alive, Any]:
    caller = Caller(module)
    if backward:
        x = x.detach().requires_grad_(x.is_floating_point())
    alive = Alive((x, *module.parameters(), *module.buffers()))
    observed = OnePass(caller, alive, verify=verify)
    fast_path = torch.backends.mha.get_fastpath_enabled()
    # The fast path of nn.MultiheadAttention is one operator that no training and no other shape of input would meet.
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with ExitStack() as active:
            active.enter_context(torch.set_grad_enabled(backward))
            active.enter_context(caller)
            if fused:
                active.enter_context(Fused())
            active.enter_context(observed)
            output = module(x)
            if backward:
                _go_back(module, x, _first(output), caller)
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
    return observed, alive, output


def _go_back(module: nn.Module, x: torch.Tensor, output: torch.Tensor, caller: Caller) -> None:
    if not output.requires_grad:
        raise UsageError("backward: the module's output depends on nothing that requires a gradient")
    with torch._C._DisableTorchDispatch():
        gradient = torch.empty_like(output) if output.is_meta else torch.ones_like(output)
    caller.backward = True
    try:
        output.backward(gradient)  # type: ignore[no-untyped-call]
    finally:
        caller.backward = False
        x.grad = None
        module.zero_grad(set_to_none=True)


def _leaves(module: nn.Module) -> Iterator[nn.Module]:
    """Submodules without submodules, and torch's own layers, whatever was put behind them."""
    for part in module.modules():
        if next(part.children(), None) is None or type(part).__module__.startswith("torch.nn."):
            yield part


def _pairs(part: nn.Module) -> int:
    if not isinstance(part, nn.Conv1d | nn.Conv2d | nn.Conv3d) or part.bias is not None:
        return 0
    return part.in_channels * part.out_channels // part.groups


def _bytes(x: torch.Tensor) -> int:
    return x.numel() * x.element_size()


def _first(output: object) -> torch.Tensor:
    if isinstance(output, torch.Tensor):
        return output
    parts = list(output.values()) if isinstance(output, dict) else output
    if isinstance(parts, list | tuple) and parts:
        return _first(parts[0])
    raise UsageError(f"the module returns no tensor but {type(output).__name__}")

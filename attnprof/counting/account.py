"""The account of a module at a shape: everything that follows from shapes alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import nn

from attnprof.counting.dispatch import OperatorCall
from attnprof.counting.guard import Guard
from attnprof.counting.observation import Call, is_on_meta, observe
from attnprof.counting.parts import Parts, channel_pairs, is_leaf, own_elements
from attnprof.counting.rules import CATEGORIES, MAC, Cost
from attnprof.counting.rules._meta import fresh
from attnprof.counting.summary import summary_html, summary_text

META, REAL = "meta", "real"  # what was counted: a pass over shapes alone, or one that computes


@dataclass(frozen=True)
class Operator:
    """One operator as it ran."""

    name: str  # with its overload: aten.addmm.default
    module: str  # path of the submodule that called it, "" for the root
    backward: bool
    flops: Cost  # by category
    bytes: int  # read and written
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
    """Exact counts of one call with its whole batch, as docs/counting.md defines them."""

    params: int  # learnable elements, a shared tensor once
    trainable_params: int  # those that require a gradient
    leaf_params: int  # of submodules without submodules, once per submodule: all that some counters see
    channel_pairs: (
        int  # (input, output) pairs of convolutions without bias: sums that some counters start at 0
    )
    buffers: int  # elements of floating-point buffers: BatchNorm's batch counter is an integer and no weight
    flops_by_category: dict[str, int]  # every one of CATEGORIES
    bytes_moved: int  # what the operators read and write
    minimal_bytes: int  # inputs, output and parameters once, with backward their gradients too
    activation_memory: int  # bytes: the most that the call allocated at once
    unknown_ops: tuple[str, ...]  # operators without a rule, by name: with any, FLOPs are incomplete
    output_shape: tuple[int, ...]  # of the first tensor in the output; empty where there is none
    backward: bool = False
    inputs: str = field(default=META, compare=False)  # REAL where values are read: the pass was computed
    calls: tuple[OperatorCall, ...] = field(default=(), repr=False, compare=False)
    modules: Mapping[str, nn.Module] = field(default_factory=dict, repr=False, compare=False)  # by path

    @property
    def frozen_params(self) -> int:
        """Learnable elements that require no gradient."""
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
            Operator(str(call.operator), call.module, call.backward, call.cost, call.bytes, call.out_shape)
            for call in self.calls
        )

    def table(self, depth: int = 3) -> str:
        """The submodules down to ``depth`` with their params, MACs and FLOPs, as text."""
        return summary_text(self, depth)

    def _repr_html_(self) -> str:
        return summary_html(self, 3)


def account(
    module: nn.Module,
    shape: tuple[int, ...],
    dtype: torch.dtype = torch.float32,
    *,
    maps: int = 1,
    backward: bool = False,
    verify: bool = False,
    fused: bool = True,
) -> Account:
    """Count ``module`` for an input of ``shape`` (N, C, H, W), in the mode (train or eval) that it is in.

    The module must be on the meta device. maps: how many such inputs it takes. backward: count the backward
    pass too, to the inputs and to all parameters that require a gradient. verify: compare each of our shape
    functions with torch's own meta kernel (AssertionError). fused: keep scaled dot product attention in one
    operator; False counts its unfused path.
    """
    inputs = [fresh(shape, dtype) for _ in range(maps)]
    return account_of(module, *inputs, backward=backward, verify=verify, fused=fused)


def account_of(
    module: nn.Module,
    *inputs: Any,
    named: Mapping[str, Any] | None = None,
    backward: bool = False,
    verify: bool = False,
    fused: bool = True,
    keeps_values: bool = False,
    guard: Guard | None = None,
) -> Account:
    """Count ``module`` called with ``inputs`` and ``named``, all on one device; off meta all is computed.

    keeps_values: on meta, compute what follows from constants alone. guard: of a call that computes.
    Raises UnreadableValueError where the forward pass reads a value that a meta tensor does not have.
    """
    call = Call(
        inputs,
        named or {},
        backward=backward,
        verify=verify,
        fused=fused,
        keeps_values=keeps_values,
        guard=guard,
    )
    return account_of_parts(Parts(module), call)


def account_of_parts(parts: Parts, call: Call) -> Account:
    """The account of one call of a module whose parts are collected already."""
    observation = observe(parts, call)
    calls, output = observation.mode.calls, observation.output
    outputs = () if output is None else (output,)
    minimal_bytes = sum(map(_bytes, (*call.tensors, *outputs, *parts.parameters)))
    return Account(
        params=_elements(parts.parameters),
        trainable_params=_elements(p for p in parts.parameters if p.requires_grad),
        leaf_params=sum(map(own_elements, filter(is_leaf, parts.modules))),
        channel_pairs=sum(map(channel_pairs, parts.modules)),
        buffers=_elements(b for b in parts.buffers if b.is_floating_point()),
        flops_by_category=_by_category(calls),
        bytes_moved=sum([call.bytes for call in calls]),
        minimal_bytes=minimal_bytes * (2 if call.backward else 1),
        activation_memory=observation.memory.peak,
        unknown_ops=tuple(sorted(observation.mode.unknown)),
        output_shape=() if output is None else tuple(output.shape),
        backward=call.backward,
        inputs=META if is_on_meta(parts, call) else REAL,
        calls=tuple(calls),
        modules=parts.by_path,
    )


def _by_category(calls: Iterable[OperatorCall]) -> dict[str, int]:
    flops = dict.fromkeys(CATEGORIES, 0)
    for call in calls:
        for category, n in call.cost:
            flops[category] += n
    return flops


def _elements(tensors: Iterable[torch.Tensor]) -> int:
    return sum(tensor.numel() for tensor in tensors)


def _bytes(x: torch.Tensor) -> int:
    return x.numel() * x.element_size()

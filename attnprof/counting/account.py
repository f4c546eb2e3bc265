"""The account of a module at a shape: everything that follows from shapes alone."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
from torch import nn

from attnprof.counting.dispatch import CountingMode, OperatorCall
from attnprof.counting.fused import FusedAttentionMode
from attnprof.counting.guard import Guard
from attnprof.counting.kernels import ConstantsMode, KernelRunner, UnreadableValueError, is_about_values
from attnprof.counting.memory import LiveMemory
from attnprof.counting.rules import CATEGORIES, MAC, Cost
from attnprof.counting.submodules import SubmoduleTracker
from attnprof.counting.summary import summary_html, summary_text
from attnprof.counting.tensors import first_tensor, map_tensors
from attnprof.errors import UsageError

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
    minimal_bytes: int  # input, output and parameters once, with backward their gradients too
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


@dataclass(frozen=True)
class _Observation:
    """One call under the counting mode."""

    mode: CountingMode
    memory: LiveMemory
    output: torch.Tensor | None  # the first tensor in it


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

    The module must be on the meta device. backward: count the backward pass too, to the input and to all
    parameters that require a gradient. verify: compare each of our shape functions with torch's own meta
    kernel (AssertionError). fused: keep scaled dot product attention in one operator; False counts its
    unfused path.
    """
    x = torch.empty(shape, device="meta", dtype=dtype)
    return account_of(module, x, backward=backward, verify=verify, fused=fused)


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
    call = _Call(inputs, dict(named or {}), backward, verify, keeps_values, guard)
    parts = _Parts(module)
    with torch.inference_mode(False):  # under it composite operators would arrive undecomposed
        observation = _observe(module, parts, call, fused=False)
        is_on_meta = any(x.is_meta for x in (*call.tensors, *parts.parameters))
        if observation.mode.has_unfused_attention and fused and is_on_meta:
            observation = _observe(module, parts, call, fused=True)
    calls, output = observation.mode.calls, observation.output
    outputs = () if output is None else (output,)
    minimal = sum(map(_bytes, (*call.tensors, *outputs, *parts.parameters)))
    return Account(
        params=_elements(parts.parameters),
        trainable_params=_elements(p for p in parts.parameters if p.requires_grad),
        leaf_params=sum(_own_elements(part) for part in parts.modules if _is_leaf(part)),
        channel_pairs=sum(map(_channel_pairs, parts.modules)),
        buffers=_elements(b for b in parts.buffers if b.is_floating_point()),
        flops_by_category=_by_category(calls),
        bytes_moved=sum(call.bytes for call in calls),
        minimal_bytes=minimal * (2 if backward else 1),
        activation_memory=observation.memory.peak,
        unknown_ops=tuple(sorted(observation.mode.unknown)),
        output_shape=() if output is None else tuple(output.shape),
        backward=backward,
        inputs=META if is_on_meta else REAL,
        calls=tuple(calls),
        modules=parts.by_path,
    )


class _Call:
    """What a module is called with, and what is to be counted of it."""

    def __init__(
        self,
        inputs: tuple[Any, ...],
        named: dict[str, Any],
        backward: bool,
        verify: bool,
        keeps_values: bool,
        guard: Guard | None,
    ) -> None:
        self.backward, self.verify, self.keeps_values, self.guard = backward, verify, keeps_values, guard
        self._inputs: dict[int, torch.Tensor] = {}
        self.inputs = map_tensors(inputs, self._own)
        self.named = map_tensors(named, self._own)

    @property
    def tensors(self) -> Sequence[torch.Tensor]:
        """The input tensors, each once."""
        return list(self._inputs.values())

    def _own(self, x: torch.Tensor) -> torch.Tensor:
        if id(x) not in self._inputs:
            self._inputs[id(x)] = x.detach().requires_grad_(x.is_floating_point()) if self.backward else x
        return self._inputs[id(x)]


class _Parts:
    """The submodules, parameters and buffers of a module, each once, collected in one walk."""

    def __init__(self, root: nn.Module) -> None:
        self.by_path: dict[str, nn.Module] = {}
        self._seen: set[int] = set()
        self.parameters: list[torch.Tensor] = []
        self.buffers: list[torch.Tensor] = []
        self._collect("", root)

    @property
    def modules(self) -> Iterable[nn.Module]:
        """The module itself and all below it."""
        return self.by_path.values()

    def _collect(self, path: str, module: nn.Module) -> None:
        if not self._is_new(module):
            return
        self.by_path[path] = module
        self.parameters += [p for p in module._parameters.values() if p is not None and self._is_new(p)]
        self.buffers += [b for b in module._buffers.values() if b is not None and self._is_new(b)]
        for name, part in module._modules.items():
            if part is not None:
                self._collect(f"{path}.{name}" if path else name, part)

    def _is_new(self, part: object) -> bool:
        count = len(self._seen)
        self._seen.add(id(part))
        return len(self._seen) > count


def _observe(module: nn.Module, parts: _Parts, call: _Call, fused: bool) -> _Observation:
    tracker = SubmoduleTracker(parts.by_path.items())
    memory = LiveMemory((*call.tensors, *parts.parameters, *parts.buffers))
    kernels = KernelRunner(call.keeps_values)
    mode = CountingMode(tracker, memory, kernels, verify=call.verify, guard=call.guard)
    fast_path = torch.backends.mha.get_fastpath_enabled()
    # The fast path of nn.MultiheadAttention is one operator, which neither training nor other input shapes
    # use.
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with ExitStack() as active:
            active.enter_context(torch.set_grad_enabled(call.backward))
            active.enter_context(tracker)
            if fused:
                active.enter_context(FusedAttentionMode())
            if call.keeps_values:
                active.enter_context(ConstantsMode())
            active.enter_context(mode)
            output = module(*call.inputs, **call.named)
            if call.backward:
                _run_backward(module, call.tensors, output, tracker)
    except Exception as problem:
        if not kernels.unreadable and not is_about_values(problem):
            raise
        raise UnreadableValueError(kernels.unreadable or str(problem).partition("\n")[0]) from problem
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
    if kernels.unreadable:  # the forward pass went on without the value, and perhaps another way
        raise UnreadableValueError(kernels.unreadable)
    return _Observation(mode, memory, first_tensor(output))


def _run_backward(
    module: nn.Module, inputs: Sequence[torch.Tensor], answer: object, tracker: SubmoduleTracker
) -> None:
    output = first_tensor(answer)
    if output is None:
        raise UsageError(f"backward: the module returns no tensor but {type(answer).__name__}")
    if not output.requires_grad:
        raise UsageError("backward: the module's output depends on nothing that requires a gradient")
    with torch._C._DisableTorchDispatch():
        gradient = torch.empty_like(output) if output.is_meta else torch.ones_like(output)
    tracker.backward = True
    try:
        output.backward(gradient)  # type: ignore[no-untyped-call]
    finally:
        tracker.backward = False
        for x in inputs:
            x.grad = None
        module.zero_grad(set_to_none=True)


def _by_category(calls: Iterable[OperatorCall]) -> dict[str, int]:
    flops: Counter[str] = Counter()
    for call in calls:
        for category, n in call.cost:
            flops[category] += n
    return {category: flops[category] for category in CATEGORIES}


def _is_leaf(part: nn.Module) -> bool:
    """Whether it has no submodules, or is torch's own layer, even where a module was added to it."""
    return all(child is None for child in part._modules.values()) or type(part).__module__.startswith(
        "torch.nn."
    )


def _own_elements(part: nn.Module) -> int:
    return _elements(p for p in part._parameters.values() if p is not None)


def _channel_pairs(part: nn.Module) -> int:
    if not isinstance(part, nn.Conv1d | nn.Conv2d | nn.Conv3d) or part.bias is not None:
        return 0
    return part.in_channels * part.out_channels // part.groups


def _elements(tensors: Iterable[torch.Tensor]) -> int:
    return sum(tensor.numel() for tensor in tensors)


def _bytes(x: torch.Tensor) -> int:
    return x.numel() * x.element_size()

"""One call of a module under the counting mode."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from attnprof.counting.dispatch import CountingMode
from attnprof.counting.fused import FusedAttentionMode
from attnprof.counting.guard import Guard
from attnprof.counting.kernels import ConstantsMode, KernelRunner, UnreadableValueError, is_about_values
from attnprof.counting.memory import LiveMemory
from attnprof.counting.parts import Parts
from attnprof.counting.submodules import SubmoduleTracker
from attnprof.counting.tensors import first_tensor, map_tensors
from attnprof.errors import UsageError


class Call:
    """What a module is called with, and what is to be counted of it."""

    def __init__(
        self,
        inputs: tuple[Any, ...],
        named: Mapping[str, Any],
        *,
        backward: bool = False,
        verify: bool = False,
        fused: bool = True,
        keeps_values: bool = False,
        guard: Guard | None = None,
    ) -> None:
        """The options are those of ``account_of``."""
        self.backward, self.verify, self.fused = backward, verify, fused
        self.keeps_values, self.guard = keeps_values, guard
        self._tensors: dict[int, torch.Tensor] = {}  # by the id of the input
        self.inputs = map_tensors(inputs, self._own)
        self.named = map_tensors(dict(named), self._own)

    @property
    def tensors(self) -> Sequence[torch.Tensor]:
        """The input tensors, each once."""
        return tuple(self._tensors.values())

    def _own(self, x: torch.Tensor) -> torch.Tensor:
        if id(x) not in self._tensors:
            self._tensors[id(x)] = x.detach().requires_grad_(x.is_floating_point()) if self.backward else x
        return self._tensors[id(x)]


@dataclass(frozen=True)
class Observation:
    """What was seen of one call."""

    mode: CountingMode
    memory: LiveMemory
    output: torch.Tensor | None  # the first tensor in it


def observe(parts: Parts, call: Call) -> Observation:
    """Call the module once; a second time where attention is to be one operator and was not.

    Raises UnreadableValueError where the forward pass reads a value that a meta tensor does not have.
    """
    with outside_inference_mode():
        observation = _observe(parts, call, fuses=False)
        if observation.mode.has_unfused_attention and call.fused and is_on_meta(parts, call):
            return _observe(parts, call, fuses=True)
        return observation


def outside_inference_mode() -> AbstractContextManager[object]:
    """While active: composite operators arrive decomposed, and tensors may have gradients."""
    return torch.inference_mode(False) if torch.is_inference_mode_enabled() else nullcontext()


def is_on_meta(parts: Parts, call: Call) -> bool:
    """Whether the call computes nothing."""
    return any(x.is_meta for x in (*call.tensors, *parts.parameters))


def _observe(parts: Parts, call: Call, fuses: bool) -> Observation:
    tracker = SubmoduleTracker(parts.by_path.items())
    memory = LiveMemory((*call.tensors, *parts.parameters, *parts.buffers))
    kernels = KernelRunner(call.keeps_values)
    mode = CountingMode(tracker, memory, kernels, verify=call.verify, guard=call.guard)
    try:
        with (
            _slow_path_of_attention(),
            torch.set_grad_enabled(call.backward),
            tracker,
            FusedAttentionMode() if fuses else nullcontext(),
            ConstantsMode() if call.keeps_values else nullcontext(),
            mode,
        ):
            output = parts.root(*call.inputs, **call.named)
            if call.backward:
                _run_backward(parts.root, call.tensors, output, tracker)
    except Exception as problem:
        if not kernels.unreadable and not is_about_values(problem):
            raise
        raise UnreadableValueError(kernels.unreadable or str(problem).partition("\n")[0]) from problem
    if kernels.unreadable:  # the forward pass went on without the value, and perhaps another way
        raise UnreadableValueError(kernels.unreadable)
    return Observation(mode, memory, first_tensor(output))


@contextmanager
def _slow_path_of_attention() -> Iterator[None]:
    """While active: nn.MultiheadAttention is not the one operator that only some input shapes use in eval."""
    fast_path = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)


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
        output.backward(gradient)  # type: ignore[no-untyped-call] # torch has no annotation
    finally:
        tracker.backward = False
        for x in inputs:
            x.grad = None
        module.zero_grad(set_to_none=True)

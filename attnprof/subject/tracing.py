"""A trace on the meta device, where operators make shapes and compute nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from attnprof.counting import run_uncounted


class ShapesAlone(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch has no annotation
    """While active: torch.jit traces calls on meta tensors as it traces those that compute.

    Shape functions, ours and torch's, are Python, and in a trace the sizes that Python reads are tensors,
    which they refuse. So the trace pauses while one of them runs.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # True, torch's default, imports torch._dynamo: most of a second

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run one operator, outside the trace unless it is a convolution."""
        if func is torch.ops.aten.convolution.default:
            return self._convolution(args)
        with _pause():
            return run_uncounted(func, args, kwargs or {})

    def _convolution(self, args: Any) -> Any:
        """A trace does not note it but the operator inside of it, which is not called on meta."""
        benchmark, deterministic, cudnn, tf32 = False, False, True, True
        with _every_key(), self:
            return torch.ops.aten._convolution(*args, benchmark, deterministic, cudnn, tf32)


@contextmanager
def _pause() -> Iterator[None]:
    """While active: nothing is traced."""
    state = torch._C._get_tracing_state()
    _set_tracing_state(None)
    try:
        yield
    finally:
        _set_tracing_state(state)


def _set_tracing_state(state: Any) -> None:
    with _every_key():  # torch insists on it: an operator that is being traced excludes the tracer's
        torch._C._set_tracing_state(state)  # type: ignore[attr-defined] # torch has no annotation


def _every_key() -> Any:
    """While active: no dispatch key is excluded."""
    included = torch._C._dispatch_tls_local_include_set()
    # torch 2.6 has no other way to name the set that is empty.
    none = torch._C.DispatchKeySet(torch._C.DispatchKey.Undefined)
    return torch._C._ForceDispatchKeyGuard(included, none)

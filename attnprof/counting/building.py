"""Building a module on the meta device: no memory, and no time spent on initial values that nobody will read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from attnprof.counting.dispatch import run_fast

_META = torch.device("meta")
_FILLED = frozenset({torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn, torch.full})
_CONSTANTS = frozenset(
    {torch.arange, torch.linspace, torch.logspace, torch.eye, torch.tensor, torch.as_tensor}
    | {torch.randint, torch.randperm, torch.empty_strided, torch.normal}
)


@contextmanager
def on_meta() -> Iterator[None]:
    """While active: new tensors are on meta, as under ``torch.device("meta")``, and torch.nn.init does nothing."""
    with _OnMeta(), _Fast():  # type: ignore[no-untyped-call]
        yield


class _OnMeta(TorchFunctionMode):
    """Sends factories to meta, skips initialisers, passes on all else."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in _FILLED:
            return _allocate(func, args, kwargs)
        if func in _CONSTANTS:
            return func(*args, **{**kwargs, "device": kwargs.get("device") or _META})
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


class _Fast(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Tables that a module computes as it is built, by our shape functions: torch's own are slow to import and to run."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return run_fast(func, args, kwargs or {})


def _allocate(func: Any, args: Any, kwargs: Any) -> torch.Tensor:
    device = kwargs.get("device") or _META
    if args and not (kwargs.keys() - {"device", "dtype", "requires_grad"}) and torch.device(device) == _META:
        # What it is filled with is nobody's business, and the meta kernel of randn is Python.
        dtype = kwargs.get("dtype")
        if func is torch.full:
            args, dtype = args[:1], dtype or torch.tensor(args[1], device="cpu").dtype
        with torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():
            return torch.empty(
                *args, dtype=dtype, device=_META, requires_grad=kwargs.get("requires_grad", False)
            )
    return func(*args, **{**kwargs, "device": device})  # type: ignore[no-any-return]

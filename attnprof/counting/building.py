"""Building a module on the meta device: no memory, and no time for initial values that are never read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from attnprof.counting.dispatch import run_uncounted

_META = torch.device("meta")
_FILLED = frozenset({torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn, torch.full})
_CONSTANTS = frozenset(
    {torch.arange, torch.linspace, torch.logspace, torch.eye, torch.tensor, torch.as_tensor}
    | {torch.randint, torch.randperm, torch.empty_strided, torch.normal}
)


@contextmanager
def on_meta() -> Iterator[None]:
    """While active: new tensors are on meta, as with ``torch.device("meta")``; torch.nn.init does nothing."""
    with _MetaFactoryMode(), _ShapeFunctionMode():  # type: ignore[no-untyped-call] # torch has no annotation
        yield


class _MetaFactoryMode(TorchFunctionMode):
    """Moves factories to meta, skips initialisers, and passes on everything else."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in _FILLED:
            return _allocate(func, args, kwargs)
        if func in _CONSTANTS:
            return func(*args, **{**kwargs, "device": kwargs.get("device") or _META})
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


class _ShapeFunctionMode(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch has no annotation
    """A constructor's computations use our shape functions: torch's own are slow to import and run."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return run_uncounted(func, args, kwargs or {})


def _allocate(func: Any, args: Any, kwargs: Any) -> torch.Tensor:
    device = kwargs.get("device") or _META
    has_plain_arguments = args and not (kwargs.keys() - {"device", "dtype", "requires_grad"})
    if not has_plain_arguments or torch.device(device) != _META:
        return func(*args, **{**kwargs, "device": device})  # type: ignore[no-any-return] # any function
    # The values do not matter on meta, and the meta kernel of randn is Python.
    dtype = kwargs.get("dtype")
    if func is torch.full:
        args, dtype = args[:1], dtype or torch.tensor(args[1], device="cpu").dtype
    requires_grad = kwargs.get("requires_grad", False)
    with torch._C.DisableTorchFunction(), torch._C._DisableTorchDispatch():
        return torch.empty(*args, dtype=dtype, device=_META, requires_grad=requires_grad)

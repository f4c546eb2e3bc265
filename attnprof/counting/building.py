"""Building a module on the meta device: no memory, and no time spent on initial values that nobody will read."""

from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_META = torch.device("meta")
_FACTORIES = frozenset(
    {torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn, torch.full, torch.eye, torch.empty_strided}
)
_OTHERS = frozenset(
    {torch.arange, torch.linspace, torch.tensor, torch.as_tensor, torch.randint, torch.randperm, torch.logspace}
)


class on_meta(TorchFunctionMode):  # used like torch.device: a context, not a thing
    """While active: new tensors are on meta, and torch.nn.init does nothing.

    Constants (arange, linspace, tensor) go to meta as well, as under ``torch.device("meta")``.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Send factories to meta, skip initialisers, pass on all else."""
        kwargs = kwargs or {}
        if func in _FACTORIES:
            return _allocate(func, args, kwargs)
        if func in _OTHERS:
            return func(*args, **{**kwargs, "device": kwargs.get("device") or _META})
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else kwargs["tensor"]
        return func(*args, **kwargs)


def _allocate(func: Any, args: Any, kwargs: Any) -> torch.Tensor:
    device = kwargs.get("device") or _META
    plain = args and not (kwargs.keys() - {"device", "dtype", "requires_grad"})
    if torch.device(device) == _META and plain and func is not torch.empty_strided and func is not torch.eye:
        # randn's own meta kernel is Python, and imports sympy.
        size = args[:1] if func is torch.full else args
        dtype = kwargs.get("dtype")
        if dtype is None and func is torch.full and not isinstance(args[1], float):
            dtype = torch.bool if isinstance(args[1], bool) else torch.int64
        with torch._C.DisableTorchFunction():
            return torch.empty(*size, dtype=dtype, device=_META, requires_grad=kwargs.get("requires_grad", False))
    return func(*args, **{**kwargs, "device": device})  # type: ignore[no-any-return]

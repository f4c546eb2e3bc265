"""A stand-in for a module: its code and its attributes, with tensors and containers of its own.

Whatever a forward pass writes (buffers, a cache in a list, an attribute) is written to the stand-in. What is
neither a module nor a tensor nor a container of them is shared: locks, files, compiled functions.
"""

import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from enum import Enum
from functools import partial
from types import CellType, FunctionType, MethodType
from typing import Any, cast

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from attnprof.errors import UsageError

TensorCopy = Callable[[torch.Tensor], torch.Tensor]

_META = torch.device("meta")
_PLAIN = frozenset({int, float, bool, str, bytes, complex, type(None), type, torch.dtype, torch.device})
_FOREIGN = frozenset({*sys.stdlib_module_names, "torch", "numpy"})  # packages whose objects are shared
_TORCHS_OWN = frozenset(vars(nn.Module()))  # attributes of every module: its dicts of parts and hooks
_MADE_BY_CLASS = 1 << 9  # the flag of classes written in Python


# Of a tensor that keeps its values on meta: a mask of 1024 x 1024, a table of positions.
MOST_CONSTANT_BYTES = 4 * 2**20


def stand_in(module: nn.Module, copy_tensor: TensorCopy) -> nn.Module:
    """A stand-in for ``module``, each tensor replaced by ``copy_tensor`` of it; shared ones stay shared.

    A compiled module is replaced by the module that it was compiled from. Raises UsageError for TorchScript.
    """
    return cast(nn.Module, _Copies(copy_tensor).of(module))


def without_data(module: nn.Module) -> nn.Module:
    """A stand-in on the meta device, without gradients. Shared tensors stay shared; no element is read.

    Raises UsageError for a module that has no parameters yet, and for TorchScript.
    """
    return stand_in(module, _without_values)


def with_constants(module: nn.Module) -> nn.Module:
    """A stand-in whose parameters are on meta, and whose small other tensors keep their values."""
    return stand_in(module, _constant)


def with_data(module: nn.Module) -> nn.Module:
    """A stand-in that computes: parameters share their data with those of ``module``, the rest is copied."""
    return stand_in(module, _with_values)


def _without_values(tensor: torch.Tensor) -> torch.Tensor:
    if is_lazy(tensor):
        raise UsageError("cost: a lazy module has no parameters yet; call it once with an input first")
    if tensor.layout is not torch.strided:  # how much it holds is in its values
        return tensor.detach().clone().requires_grad_(tensor.requires_grad)
    empty = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=_META)
    if isinstance(tensor, nn.Parameter):
        # What nn.Parameter calls; by way of its class it takes three times as long.
        return torch.Tensor._make_subclass(nn.Parameter, empty, tensor.requires_grad)
    return empty.requires_grad_() if tensor.requires_grad else empty


def _constant(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.requires_grad or isinstance(tensor, nn.Parameter) or tensor.nbytes > MOST_CONSTANT_BYTES:
        return _without_values(tensor)
    return tensor.detach().clone()


def _with_values(tensor: torch.Tensor) -> torch.Tensor:
    if is_lazy(tensor):
        return _without_values(tensor)
    if tensor.is_meta:
        raise UsageError(
            "cost: the forward pass reads values, and the module was built on the meta device, where it has "
            "none; build it on the CPU"
        )
    if isinstance(tensor, nn.Parameter):
        return nn.Parameter(tensor.detach(), requires_grad=tensor.requires_grad)
    return tensor.detach().clone().requires_grad_(tensor.requires_grad)


def original(module: nn.Module) -> nn.Module:
    """The module that ``module`` was compiled from by torch.compile, or itself."""
    compiler = sys.modules.get("torch._dynamo.eval_frame")  # without it nothing was compiled
    while compiler is not None and isinstance(module, compiler.OptimizedModule):
        module = module._orig_mod
    return module


class _Copies:
    """The copies of a module's parts, each made once."""

    def __init__(self, copy_tensor: TensorCopy) -> None:
        self._copy_tensor = copy_tensor
        self._copies: dict[int, Any] = {}
        self._originals: list[Any] = []  # alive until all is copied, so that their ids stay theirs

    def of(self, value: Any) -> Any:
        """The copy of a value; the value itself where nothing in it is copied."""
        kind = type(value)
        if kind in _PLAIN:
            return value
        if id(value) in self._copies:
            return self._copies[id(value)]
        if kind in _BY_KIND:
            return _BY_KIND[kind](self, value)
        if isinstance(value, nn.Module):
            return self._module(value)
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return kind(*map(self.of, value))
        return self._object(value) if _has_own_state(value) else value

    def _remember(self, value: Any, copy: Any) -> Any:
        self._copies[id(value)] = copy
        self._originals.append(value)
        return copy

    def _tensor(self, tensor: torch.Tensor) -> torch.Tensor:
        return cast(torch.Tensor, self._remember(tensor, self._copy_tensor(tensor)))

    def _module(self, module: nn.Module) -> nn.Module:
        source = original(module)
        if source is not module:
            return cast(nn.Module, self._remember(module, self.of(source)))
        if isinstance(module, torch.jit.ScriptModule):
            raise UsageError(
                "cost: TorchScript cannot be counted; count the module that it was compiled from"
            )
        copy = self._object(module)
        copy.__dict__.pop("_compiled_call_impl", None)  # what module.compile() leaves
        return cast(nn.Module, copy)

    def _object(self, value: Any) -> Any:
        copy = self._remember(value, object.__new__(type(value)))
        attributes = copy.__dict__
        for name, attribute in value.__dict__.items():
            kind = type(attribute)
            if kind in _PLAIN:
                attributes[name] = attribute
            elif name in _TORCHS_OWN and not attribute:  # most hooks of most modules
                attributes[name] = kind()
            else:
                attributes[name] = self.of(attribute)
        return copy

    def _mapping(self, mapping: Any) -> Any:
        copy = self._remember(mapping, mapping.copy())
        if _are_plain(mapping):
            for key, value in mapping.items():
                copy[key] = self.of(value)
            return copy
        copy.clear()
        for key, value in mapping.items():
            copy[self.of(key)] = self.of(value)
        return copy

    def _list(self, values: Any) -> Any:
        copy = self._remember(values, values.copy())
        if _are_plain(values):
            return copy
        for place, value in enumerate(values):
            copy[place] = self.of(value)
        return copy

    def _set(self, values: Any) -> Any:
        return self._remember(values, type(values)(map(self.of, values)))

    def _tuple(self, values: Any) -> Any:
        if _are_plain(values):
            return values
        copies = tuple(map(self.of, values))
        is_same = all(copy is value for copy, value in zip(copies, values, strict=True))
        return values if is_same else self._remember(values, copies)

    def _method(self, method: Any) -> Any:
        return MethodType(method.__func__, self.of(method.__self__))

    def _partial(self, call: Any) -> Any:
        arguments = map(self.of, call.args)
        return partial(self.of(call.func), *arguments, **{k: self.of(v) for k, v in call.keywords.items()})

    def _function(self, function: Any) -> Any:
        """A function that captures variables is copied with what it captured."""
        if function.__closure__ is None:
            return function
        cells = [CellType() for _ in function.__closure__]
        copy = FunctionType(
            function.__code__, function.__globals__, function.__name__, function.__defaults__, tuple(cells)
        )
        copy.__kwdefaults__ = function.__kwdefaults__
        self._remember(function, copy)
        copy.__dict__.update(function.__dict__)
        for cell, source in zip(cells, function.__closure__, strict=True):
            try:
                captured = source.cell_contents
            except ValueError:  # not yet assigned
                continue
            cell.cell_contents = self.of(captured)
        return copy


_BY_KIND: dict[type, Callable[[_Copies, Any], Any]] = {
    torch.Tensor: _Copies._tensor,
    nn.Parameter: _Copies._tensor,
    dict: _Copies._mapping,
    OrderedDict: _Copies._mapping,
    defaultdict: _Copies._mapping,
    list: _Copies._list,
    deque: _Copies._list,
    set: _Copies._set,
    frozenset: _Copies._set,
    tuple: _Copies._tuple,
    MethodType: _Copies._method,
    partial: _Copies._partial,
    FunctionType: _Copies._function,
}


def _are_plain(values: Iterable[object]) -> bool:
    return _PLAIN.issuperset(map(type, values))


def _has_own_state(value: Any) -> bool:
    """Whether it is an object of a user's class that a copy of its attributes describes whole."""
    kind = type(value)
    if not kind.__flags__ & _MADE_BY_CLASS or isinstance(value, Enum | type):
        return False
    if kind.__module__.partition(".")[0] in _FOREIGN or hasattr(kind, "__del__"):
        return False
    if any("__slots__" in vars(base) or "__new__" in vars(base) for base in kind.__mro__[:-1]):
        return False
    return type(getattr(value, "__dict__", None)) is dict

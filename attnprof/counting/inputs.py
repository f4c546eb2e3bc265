"""What a module is called with: from shapes, tensors and texts, nested as its forward takes them."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from attnprof.catalogue.inputs import TensorInput, parse_inputs
from attnprof.counting.rules._meta import fresh
from attnprof.errors import UsageError, nearest

# A shape, a tensor or a text; a tuple of them and of other values is several arguments, a dict named ones.
Inputs = Any
_MOST_KEPT_BYTES = 4 * 2**20  # of a tensor of whole numbers that keeps its values on meta


@dataclass(frozen=True)
class Arguments:
    """What a module is called with: shapes as TensorInput, tensors, and any other value."""

    positional: tuple[Any, ...]
    named: Mapping[str, Any] = field(default_factory=dict)


def arguments(inputs: Inputs, named: Mapping[str, Any], module: nn.Module) -> Arguments:
    """The arguments that ``inputs`` and ``named`` mean. Raises UsageError for a name that forward lacks."""
    if isinstance(inputs, str):
        parsed = parse_inputs(inputs)
        result = Arguments(parsed.positional, {**parsed.named, **_read(dict(named))})
    elif isinstance(inputs, Mapping):
        result = Arguments((), _read({**inputs, **named}))
    elif isinstance(inputs, tuple) and not _is_shape(inputs):
        result = Arguments(tuple(map(_read, inputs)), _read(dict(named)))
    else:
        result = Arguments((_read(inputs),), _read(dict(named)))
    _check_names(result.named, module)
    return result


def tensors(arguments: Arguments, dtype: torch.dtype, device: torch.device, keeps_values: bool) -> Arguments:
    """The arguments as tensors on ``device``. dtype: of shapes without one.

    keeps_values: tensors of whole numbers, such as lengths and indices, stay where their values are.
    """
    maker = _Tensors(dtype, device, keeps_values)
    return Arguments(maker.of(arguments.positional), maker.of(dict(arguments.named)))


def _is_shape(value: Any) -> bool:
    return isinstance(value, tuple | list) and all(type(side) is int for side in value)


def _read(value: Any) -> Any:
    """Shapes and texts in ``value`` as TensorInput."""
    if isinstance(value, str):
        parsed = parse_inputs(value)
        if parsed.named or len(parsed.positional) != 1:
            raise UsageError(f"input {value!r} is more than one tensor")
        return parsed.positional[0]
    if _is_shape(value):
        return TensorInput(tuple(value))
    if type(value) is dict:
        return {key: _read(part) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(_read, value))
    return value


def _check_names(named: Mapping[str, Any], module: nn.Module) -> None:
    if not named:
        return
    parameters = inspect.signature(module.forward).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return
    names = [parameter.name for parameter in parameters]
    for name in named:
        if name not in names:
            takes = f"it takes {', '.join(names)}"
            raise UsageError(
                f"cost: {type(module).__name__}'s forward has no argument {name!r}; "
                f"{nearest(name, names) or takes}"
            )


class _Tensors:
    """Tensors on one device, one for each that was given."""

    def __init__(self, dtype: torch.dtype, device: torch.device, keeps_values: bool) -> None:
        self._dtype, self._device, self._keeps_values = dtype, device, keeps_values
        self._moved: dict[int, torch.Tensor] = {}

    def of(self, value: Any) -> Any:
        if isinstance(value, TensorInput):
            return self._new(value)
        if isinstance(value, torch.Tensor):
            if id(value) not in self._moved:
                self._moved[id(value)] = self._on_device(value.detach())
            return self._moved[id(value)]
        if type(value) is dict:
            return {key: self.of(part) for key, part in value.items()}
        if type(value) in (list, tuple):
            return type(value)(map(self.of, value))
        return value

    def _new(self, wanted: TensorInput) -> torch.Tensor:
        """Random numbers; whole ones lie below their bound, or else are 0 and 1, which every table has."""
        dtype = getattr(torch, wanted.dtype) if wanted.dtype else self._dtype
        if self._device.type == "meta":
            return fresh(wanted.shape, dtype)
        x = torch.empty(wanted.shape, dtype=dtype, device=self._device)
        if x.is_floating_point() or x.is_complex():
            return x.normal_()
        return x.random_(0, 2 if wanted.bound is None or dtype is torch.bool else wanted.bound)

    def _on_device(self, x: torch.Tensor) -> torch.Tensor:
        is_number = x.is_floating_point() or x.is_complex()
        if self._keeps_values and not is_number and x.nbytes <= _MOST_KEPT_BYTES:
            return x.clone()
        if self._device.type == "meta":
            return torch.empty_strided(x.shape, x.stride(), dtype=x.dtype, device="meta")
        return x.to(self._device, copy=True)

"""Torch's own kernels, where there is no shape function of ours; tensors with values beside those without.

On the meta device a tensor has no values. A constant of the module may have some: it stays as it is where it
meets constants alone, and stands for its shape where it meets a meta tensor.
"""

import re
from contextlib import suppress
from typing import Any

import torch
from torch._ops import HigherOrderOperator
from torch.overrides import TorchFunctionMode

from attnprof.counting.tensors import tensors_in
from attnprof.errors import UsageError

aten = torch.ops.aten
_META = torch.device("meta")
_READS_VALUES = frozenset({torch.Tag.data_dependent_output, torch.Tag.dynamic_output_shape})
_ON_META = re.compile(r"\bmeta\b|\bfake impl\b", re.IGNORECASE)
_MOST_ELEMENTS = 2**20  # of a new tensor that is computed for the sake of its values
# What depends on the arguments' shapes and on numbers alone.
_CONSTANTS = (
    "arange zeros ones full eye linspace scalar_tensor tril_indices triu_indices "
    "zeros_like ones_like full_like new_zeros new_ones new_full"
)
_CONSTANT_OPERATORS = frozenset(f"aten::{name}" for name in _CONSTANTS.split())

_OF_NUMBERS = frozenset({torch.tensor, torch.as_tensor, torch.asarray})


class UnreadableValueError(UsageError):
    """The forward pass reads a value that does not follow from shapes."""

    def __init__(self, operator: str) -> None:
        super().__init__(
            f"the forward pass reads values ({operator}), which do not follow from shapes alone; "
            "count a real run of it: cost(..., device='real')"
        )
        self.operator = operator


class KernelRunner:
    """Runs operators for one count."""

    def __init__(self, keeps_values: bool) -> None:
        """keeps_values: what follows from constants alone is computed, so that it can be read."""
        self.unreadable = ""  # the first operator that needed a value of a meta tensor
        self.keeps_values = keeps_values
        # Tensors that were to receive values of meta tensors, by their storage: they have none.
        self._blank: dict[int, torch.Tensor] = {}

    def computes(self, func: Any) -> bool:
        """Whether the operator makes a constant whose values are to be had."""
        return self.keeps_values and func._schema.name in _CONSTANT_OPERATORS

    def run(self, func: Any, args: Any, kwargs: Any) -> Any:
        """The operator's output, on meta where an argument is."""
        tensors = tensors_in((*args, *kwargs.values()))
        if any(self._has_no_values(x) for x in tensors):
            return self._on_meta(func, args, kwargs)
        if self.keeps_values and _is_on_meta(kwargs):
            return _with_values(func, args, kwargs, device=tensors[0].device if tensors else None)
        return func(*args, **kwargs)

    def _has_no_values(self, x: torch.Tensor) -> bool:
        if x.is_meta or not self._blank:
            return x.is_meta
        return x.layout is torch.strided and x.untyped_storage()._cdata in self._blank

    def _on_meta(self, func: Any, args: Any, kwargs: Any) -> Any:
        if self.computes(func):
            return _with_values(func, args, kwargs, device=None)
        if func._schema.is_mutable and isinstance(args[0], torch.Tensor) and not args[0].is_meta:
            self._blank[args[0].untyped_storage()._cdata] = args[0]
        try:
            return self._run_by_shapes(func, args, kwargs)
        except Exception as problem:
            self._note_unreadable(problem, func)
            if words := _about_channels(problem, func, args):
                raise RuntimeError(words) from problem
            raise

    def _note_unreadable(self, problem: Exception, func: Any) -> None:
        if _READS_VALUES.intersection(func.tags) or is_about_values(problem):
            self.unreadable = self.unreadable or str(func)

    def _run_by_shapes(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Run it with all tensors on meta; where that is refused, with those on the CPU as they are.

        Some operators read an argument on the CPU, such as the lengths of packed sequences.
        """
        if func is aten._pack_padded_sequence.default:
            return func(*args, **kwargs)
        moved = [self._by_shape(value) for value in args]
        moved_kwargs = {name: self._by_shape(value) for name, value in kwargs.items()}
        if kwargs.get("device") is not None and func is not aten._to_copy.default:
            moved_kwargs["device"] = _META
        try:
            return func(*moved, **moved_kwargs)
        except Exception as problem:
            if not _has_values((*args, *kwargs.values())):
                raise
            with suppress(Exception):
                return func(*args, **kwargs)
            raise problem

    def _by_shape(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            if value.is_meta or (value.dim() == 0 and not self._has_no_values(value)):
                return value
            if value.layout is not torch.strided:
                return torch.empty(value.shape, dtype=value.dtype, device="meta")
            return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device="meta")
        if isinstance(value, list | tuple) and any(isinstance(part, torch.Tensor) for part in value):
            return [self._by_shape(part) for part in value]
        return value


def run_in_parts(func: Any, args: Any, kwargs: Any) -> Any:
    """An operator as those that it stands for: a composite one, or one that takes functions (flex_attention).

    Raises UsageError where torch has no such form of it.
    """
    if not isinstance(func, HigherOrderOperator):
        return func._op_dk(torch._C.DispatchKey.CompositeImplicitAutograd, *args, **kwargs)
    kernel = func.py_kernels.get(torch._C.DispatchKey.CompositeExplicitAutograd)
    if kernel is None:
        raise UsageError(f"{func} cannot be counted; call what it stands for in its place")
    return kernel(*args, **kwargs)


class ConstantsMode(TorchFunctionMode):
    """While active: a tensor of given numbers is on the CPU, where it has its values, and not on meta."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Change the device of the functions that torch runs without an operator."""
        kwargs = kwargs or {}
        if func in _OF_NUMBERS and _is_on_meta(kwargs):
            return func(*args, **{**kwargs, "device": torch.device("cpu")})
        if func is torch.Tensor.new_tensor and args[0].is_meta:
            kwargs = {"dtype": args[0].dtype, **kwargs, "device": torch.device("cpu")}
            return torch.tensor(*args[1:], **kwargs)
        return func(*args, **kwargs)


def is_about_values(problem: Exception) -> bool:
    """Whether torch raised it because a meta tensor has no values, or an operator no kernel for it."""
    is_torchs = isinstance(problem, RuntimeError | TypeError | ValueError)
    return is_torchs and _ON_META.search(str(problem)) is not None


def _about_channels(problem: Exception, func: Any, args: Any) -> str:
    """What is wrong with a convolution, as torch says it on other devices; empty for any other problem."""
    if func is not aten.convolution.default or "Invalid channel" not in str(problem):
        return ""
    x, weight, groups = args[0], args[1], args[8]
    return (
        f"Given groups={groups}, weight of size {list(weight.shape)}, expected input{list(x.shape)} to have"
        f" {weight.shape[1] * groups} channels, but got {x.shape[1]} channels instead"
    )


def _is_on_meta(kwargs: Any) -> bool:
    device = kwargs.get("device")
    return device is not None and torch.device(device).type == "meta"


def _with_values(func: Any, args: Any, kwargs: Any, device: torch.device | None) -> Any:
    """A constant with its values, in place of one on meta. device: by default the CPU."""
    shape_only = func(*args, **kwargs)
    if shape_only.numel() > _MOST_ELEMENTS:
        return shape_only
    return func(*args, **{**kwargs, "device": device or torch.device("cpu")})


def _has_values(values: Any) -> bool:
    return any(not x.is_meta and x.dim() for x in tensors_in(values))

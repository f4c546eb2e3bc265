"""Tensors among an operator's arguments and outputs: which there are, and how many bytes they occupy."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import FunctionType, ModuleType
from typing import Any

import torch
from torch import nn

_STRIDED = torch.strided
_SEQUENCES = (list, tuple)
# Most arguments are no tensors: to ask torch whether one is a tensor takes twice as long as to look here.
_PLAIN = frozenset({int, float, bool, type(None), torch.dtype})


def first_tensor(output: object) -> torch.Tensor | None:
    """The first tensor of an output, nested in containers and in attributes of objects; None without any.

    A dataclass and a distribution have tensors too.
    """
    return next(tensors_below(output), None)


def tensors_below(value: object) -> Iterator[torch.Tensor]:
    """The tensors of a value, nested in containers and in attributes of objects."""
    yield from _tensors_below(value, set())


def _tensors_below(value: object, seen: set[int]) -> Iterator[torch.Tensor]:
    if isinstance(value, torch.Tensor):
        yield value
        return
    if id(value) in seen:  # an object may refer to itself
        return
    seen.add(id(value))
    for part in _parts(value):
        yield from _tensors_below(part, seen)


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        return value.values()
    if isinstance(value, _SEQUENCES):
        return value
    if isinstance(value, type | nn.Module | ModuleType | FunctionType):
        return ()
    return getattr(value, "__dict__", {}).values()


def map_tensors(value: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """``value`` with every tensor changed: those in its tuples, lists and dicts included."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if type(value) is dict:
        return {key: map_tensors(part, change) for key, part in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map_tensors(part, change) for part in value)
    return value


def tensors_in(values: Sequence[Any]) -> list[torch.Tensor]:
    """The tensors among an operator's arguments, those in lists included."""
    tensors: list[torch.Tensor] = []
    for value in values:
        if isinstance(value, torch.Tensor):
            tensors.append(value)
        elif isinstance(value, _SEQUENCES):
            tensors.extend(part for part in value if isinstance(part, torch.Tensor))
    return tensors


def outputs_of(out: Any) -> Sequence[torch.Tensor]:
    """The tensors that an operator returned."""
    if isinstance(out, torch.Tensor):
        return (out,)
    return [part for part in out if isinstance(part, torch.Tensor)] if isinstance(out, _SEQUENCES) else ()


def bytes_moved(args: Iterable[Any], outputs: Iterable[torch.Tensor]) -> int:
    """Bytes read and written: every distinct tensor argument, every tensor in a list, and the outputs."""
    moved = 0
    for x in outputs:
        moved += occupied_bytes(x)
    distinct: set[int] = set()
    for value in args:
        if type(value) in _PLAIN:
            continue
        if isinstance(value, torch.Tensor):
            if id(value) not in distinct:
                distinct.add(id(value))
                moved += occupied_bytes(value)
        elif isinstance(value, _SEQUENCES):
            for part in value:
                if type(part) not in _PLAIN and isinstance(part, torch.Tensor):
                    moved += occupied_bytes(part)
    return moved


def shape_of(x: torch.Tensor) -> tuple[int, ...]:
    """The shape; of a nested tensor that of its values, as its own differs from part to part."""
    return tuple(x.values().shape) if x.is_nested else tuple(x.shape)


def stored(x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The plain tensors that hold x: of a sparse or nested one its values, and the places of sparse ones."""
    if x.layout is _STRIDED and not x.is_nested:
        return (x,)
    if x.is_nested:
        return (x.values(),)
    if x.layout is torch.sparse_coo:
        return x._values(), x._indices()
    if x.layout in (torch.sparse_csr, torch.sparse_bsr):
        return x.values(), x.crow_indices(), x.col_indices()
    if x.layout in (torch.sparse_csc, torch.sparse_bsc):
        return x.values(), x.ccol_indices(), x.row_indices()
    return ()


def occupied_bytes(x: torch.Tensor) -> int:
    """Bytes of x's elements in memory: an expanded side counts once, overlapping windows what they cover."""
    if x.layout is not _STRIDED or x.is_nested:
        return sum(part.numel() * part.element_size() for part in stored(x))
    if x.is_contiguous():
        return x.nbytes
    if not x.numel():
        return 0
    elements = reach = 1
    for side, stride in zip(x.shape, x.stride(), strict=True):
        if stride:
            elements *= side
            reach += (side - 1) * stride
    return min(elements, reach) * x.element_size()

"""What shape functions share: making a tensor on the meta device as the stock kernel would have made it."""

from collections.abc import Sequence
from math import prod
from typing import Any

import torch

_empty = torch.empty
_META = torch.device("meta")


def fresh(shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    """A contiguous meta tensor."""
    return _empty(shape, dtype=dtype, device=_META)


def plain(x: Any) -> bool:
    """Whether x is a contiguous floating-point tensor on meta: what fast shape functions take."""
    return bool(x.is_meta and x.is_contiguous() and x.is_floating_point())


def like(x: torch.Tensor) -> torch.Tensor | None:
    """A meta tensor of x's shape, strides and dtype; None where x overlaps itself or has holes."""
    if x.is_contiguous():
        return _empty(x.shape, dtype=x.dtype, device=_META)
    if not is_dense(x):
        return None
    return torch.empty_strided(x.shape, x.stride(), dtype=x.dtype, device=_META)


def is_dense(x: torch.Tensor) -> bool:
    """Whether x's elements fill a stretch of memory, each once, in whatever order of dimensions."""
    expected = 1
    for stride, side in sorted((stride, side) for side, stride in zip(x.shape, x.stride(), strict=True) if side != 1):
        if stride != expected:
            return False
        expected *= side
    return True


def broadcast(a: torch.Size, b: torch.Size) -> list[int] | None:
    """The shape that a and b broadcast to; None where they do not."""
    if len(a) < len(b):
        a, b = b, a
    shape = list(a)
    for i in range(1, len(b) + 1):
        x, y = shape[-i], b[-i]
        if x != y:
            if x == 1:
                shape[-i] = y
            elif y != 1:
                return None
    return shape


def reduced(shape: Sequence[int], dims: Any, keepdim: bool) -> list[int]:
    """The shape after ``dims`` (an int, a list, or None or empty for all) are reduced."""
    n = len(shape)
    gone = {d % n for d in ([dims] if isinstance(dims, int) else dims)} if dims or dims == 0 else set(range(n))
    if keepdim:
        return [1 if d in gone else side for d, side in enumerate(shape)]
    return [side for d, side in enumerate(shape) if d not in gone]


def rows(shape: Sequence[int], dim: int) -> tuple[int, int]:
    """How many rows along ``dim``, and how long each is."""
    if not shape:
        return 1, 1
    n = shape[dim]
    return (prod(shape) // n if n else 0), n


def argument(args: tuple[Any, ...], kwargs: dict[str, Any], place: int, name: str, default: Any = None) -> Any:
    """An operator's argument, given by place or by name."""
    return args[place] if len(args) > place else kwargs.get(name, default)

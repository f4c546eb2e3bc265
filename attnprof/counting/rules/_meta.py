"""Parts of shape functions: tensors on the meta device with the layout that torch's own kernel gives."""

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

import torch

_empty_strided = torch.empty_strided
_META = torch.device("meta")
_CHANNELS_LAST = {4: (1, 3, 2, 0), 5: (1, 4, 3, 2, 0)}  # the dimensions, the fastest first


def fresh(shape: Sequence[int], dtype: torch.dtype) -> torch.Tensor:
    """A contiguous meta tensor."""
    # Torch takes twice as long to make one without strides.
    return _empty_strided(shape, _contiguous_strides(tuple(shape)), dtype=dtype, device=_META)


@lru_cache(maxsize=1024)
def _contiguous_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides, step = [], 1
    for side in reversed(shape):
        strides.append(step)
        step *= max(side, 1)
    return tuple(reversed(strides))


def plain(x: Any) -> bool:
    """Whether x is a contiguous floating-point tensor on meta: what fast shape functions take."""
    return bool(x.is_meta and x.is_contiguous() and x.is_floating_point())


def of_one_layout(
    parts: Sequence[torch.Tensor], shape: Sequence[int], dtype: torch.dtype | None = None
) -> torch.Tensor:
    """The output of a kernel that is channels last where all of its inputs are, else contiguous."""
    dtype = dtype or parts[0].dtype
    if not all(map(reads_channels_last, parts)):
        return fresh(shape, dtype)
    layout = torch.channels_last if len(shape) == 4 else torch.channels_last_3d
    return torch.empty(shape, dtype=dtype, device=_META, memory_format=layout)


def reads_channels_last(x: torch.Tensor) -> bool:
    """Whether strides grow from the channels over the sides, last first, to the batch; holes are allowed."""
    order = _CHANNELS_LAST.get(x.dim())
    if order is None:
        return False
    shape, strides = x.shape, x.stride()
    least = 0
    for d in order:
        stride = strides[d]
        if stride < least or stride == 0 or (d == 0 and least == strides[1]):
            return False
        least = stride * shape[d]
    return True


def like(x: torch.Tensor) -> torch.Tensor:
    """A meta tensor of x's shape, dtype and order of dimensions, without its holes."""
    return elementwise(x.shape, x.dtype, (x,))


def is_dense(x: torch.Tensor) -> bool:
    """Whether x's elements fill a stretch of memory, each once, in any order of dimensions."""
    expected = 1
    for stride, side in sorted(
        (stride, side) for side, stride in zip(x.shape, x.stride(), strict=True) if side != 1
    ):
        if stride != expected:
            return False
        expected *= side
    return True


def elementwise(shape: Sequence[int], dtype: torch.dtype, operands: Sequence[torch.Tensor]) -> torch.Tensor:
    """The output of an operation element by element, whose order of dimensions follows its operands'.

    The first operand whose strides differ along two dimensions decides their order; a broadcast side decides
    nothing. A first operand that is dense and of the whole shape therefore decides alone.
    """
    first = operands[0]
    if first.shape == tuple(shape) and 0 not in first.stride():
        if first.is_contiguous():
            return fresh(shape, dtype)
        if is_dense(first):
            return _empty_strided(shape, first.stride(), dtype=dtype, device=_META)
    out_strides, step = [0] * len(shape), 1
    for d in _order_of_dimensions(shape, operands):
        out_strides[d] = step
        step *= shape[d]
    return _empty_strided(shape, out_strides, dtype=dtype, device=_META)


def _order_of_dimensions(shape: Sequence[int], operands: Sequence[torch.Tensor]) -> list[int]:
    """The dimensions, the fastest first: an insertion sort that passes over undecided pairs."""
    strides = [_broadcast_strides(x, shape) for x in operands]
    order = list(range(len(shape) - 1, -1, -1))
    for i in range(1, len(shape)):
        place = i
        for before in range(i - 1, -1, -1):
            turn = _swaps(order[before], order[place], shape, strides)
            if turn < 0:
                break
            if turn > 0:
                order[before], order[place] = order[place], order[before]
                place = before
    return order


def _swaps(a: int, b: int, shape: Sequence[int], strides: Sequence[Sequence[int]]) -> int:
    """Whether dimension b should come before a: 1 for yes, -1 for no, 0 where no operand decides."""
    for stride in strides:
        if stride[a] == 0 or stride[b] == 0:
            continue
        if stride[a] != stride[b]:
            return 1 if stride[a] > stride[b] else -1
        if shape[a] > shape[b]:
            return 1
    return 0


def _broadcast_strides(x: torch.Tensor, shape: Sequence[int]) -> list[int]:
    own = [
        0 if side == 1 and whole != 1 else stride
        for side, stride, whole in zip(x.shape, x.stride(), shape[len(shape) - x.dim() :], strict=True)
    ]
    return [0] * (len(shape) - x.dim()) + own


def broadcast(a: torch.Size, b: torch.Size) -> list[int] | None:
    """The shape that a and b broadcast to; None where there is none."""
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


def are_dims(dims: Sequence[int], n: int) -> bool:
    """Whether ``dims``, counted from either end, are distinct dimensions of a tensor of n."""
    n = max(1, n)  # for this purpose a tensor without dimensions has one
    return all(-n <= d < n for d in dims) and len({d % n for d in dims}) == len(dims)


def reduced(shape: Sequence[int], dims: Any, keepdim: bool) -> list[int] | None:
    """The shape after a reduction over ``dims``: an int, a list, or nothing for all; None for other dims."""
    n = len(shape)
    dims = [dims] if isinstance(dims, int) else dims or range(n)
    if not are_dims(dims, n):
        return None
    out: list[int | None] = list(shape)
    for d in dims if n else ():
        out[d] = 1 if keepdim else None
    return [side for side in out if side is not None]


def rows(shape: Sequence[int], dim: int) -> tuple[int, int]:
    """The number of rows along ``dim``, and their length."""
    if not shape:
        return 1, 1
    n = shape[dim]
    return (prod(shape) // n if n else 0), n


def argument(
    args: tuple[Any, ...], kwargs: dict[str, Any], place: int, name: str, default: Any = None
) -> Any:
    """An operator's argument, by position or by name."""
    return args[place] if len(args) > place else kwargs.get(name, default)

"""Which axis of a map holds its channels: (N, C, H, W) and (N, H, W, C) cannot be told apart by their sizes.

A convolution writes channels to axis 1, a linear layer or a LayerNorm to the last. From there the axis is
followed through whatever moves or reshapes axes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_AXIS = "attnprof_channel_axis"  # the attribute of a tensor that names it

# Functions by their names, which F, torch and Tensor share.
_WRITES_FIRST = frozenset({"conv2d", "conv_transpose2d", "batch_norm", "group_norm", "instance_norm"})
_WRITES_LAST = frozenset({"embedding", "multi_head_attention_forward"})
_NORMS_OF_LAST = frozenset({"layer_norm", "rms_norm"})
_MOVES = frozenset(
    {"permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "unsqueeze", "squeeze"}
)
_RESHAPES = frozenset({"reshape", "view", "flatten", "unflatten"})


def has_channels_last(x: torch.Tensor) -> bool:
    """Whether the channels of the map x, which was computed under ``ChannelAxes``, are on its last axis."""
    return getattr(x, _AXIS, 1) == x.dim() - 1


class ChannelAxes(TorchFunctionMode):
    """While active: each tensor remembers the axis of its channels, as far as the functions that made it show
    one."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call ``func``, and note the axis of the tensors that it returns."""
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        name = getattr(func, "__name__", "")
        source = next(_tensors((*args, *kwargs.values())), None)
        for result in _tensors((output,)):
            axis = _axis_of(name, source, result, args, kwargs)
            if axis is not None:
                setattr(result, _AXIS, axis)
        return output


def _tensors(values: Iterable[Any]) -> Iterator[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, tuple | list):
            yield from (part for part in value if isinstance(part, torch.Tensor))


def _axis_of(
    name: str,
    source: torch.Tensor | None,
    result: torch.Tensor,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> int | None:
    """The axis of the channels of ``result``, which the function ``name`` made of ``source``; None where
    nothing shows it."""
    if name in _WRITES_FIRST:
        return 1
    if name in _WRITES_LAST or (name in _NORMS_OF_LAST and _is_of_last_axis(args, kwargs)):
        return result.dim() - 1
    axis = None if source is None else getattr(source, _AXIS, None)
    if source is None or axis is None:
        return result.dim() - 1 if name == "linear" else None
    return _followed(name, source, axis, result)


def _followed(name: str, source: torch.Tensor, axis: int, result: torch.Tensor) -> int | None:
    """Where the axis ``axis`` of ``source`` is in ``result``."""
    if name in _MOVES:
        return _where_it_moved(source, axis, result)
    if name in _RESHAPES:
        return _where_it_stays(source.shape, axis, result.shape)
    # A linear layer along another axis than the channels' mixes places: the channels stay where they are.
    return axis if result.dim() == source.dim() else None


def _is_of_last_axis(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a norm is over the last axis alone; over (C, H, W) the channels stay where they are."""
    shape = kwargs["normalized_shape"] if "normalized_shape" in kwargs else args[1]
    return len(shape) == 1


def _where_it_moved(source: torch.Tensor, axis: int, result: torch.Tensor) -> int | None:
    """The axis of a view that has the size and the stride of the source's."""
    extent = source.size(axis), source.stride(axis)
    axes = [i for i in range(result.dim()) if (result.size(i), result.stride(i)) == extent]
    return axes[0] if axes else None


def _where_it_stays(before: Sequence[int], axis: int, after: Sequence[int]) -> int | None:
    """The axis of the new shape that has the same size, and as many elements in front of it."""
    extent = before[axis], prod(before[:axis])
    axes = [i for i, size in enumerate(after) if (size, prod(after[:i])) == extent]
    return axes[0] if axes else None

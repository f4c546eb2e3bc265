"""Operators that move elements and compute nothing, and those that add to what they write to."""

from collections.abc import Sequence
from typing import Any

import torch

from attnprof.counting.rules import FREE, POINTWISE, REDUCTION, VIEW, Cost, Rule, in_place, no_flops
from attnprof.counting.rules._meta import (
    are_dims,
    argument,
    broadcast,
    elementwise,
    fresh,
    like,
    of_one_layout,
    plain,
    reads_channels_last,
)


def _added(place: int) -> Any:
    """1 addition per element of argument ``place``, which is added to the output."""

    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        x = args[place]
        if not isinstance(x, torch.Tensor) or not (x.is_floating_point() or x.is_complex()):
            return FREE
        return ((POINTWISE, (2 if x.is_complex() else 1) * x.numel()),)

    return flops


def _put(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """index_put adds only where it accumulates."""
    return _added(2)(args, kwargs, out) if argument(args, kwargs, 3, "accumulate", False) else FREE


def _scatter(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """scatter computes only with a reduction: 1 operation per element of the index."""
    reduces = kwargs.get("reduce") is not None and args[0].is_floating_point()
    return ((POINTWISE, args[2].numel()),) if reduces else FREE


def _bags(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """embedding_bag: rows of a table, summed, averaged or their largest, bag by bag."""
    table, indices = args[:2]
    width, elements = table.shape[-1], out[0].numel()
    rows = indices.numel() * width
    weights = argument(args, kwargs, 6, "per_sample_weights")
    is_mean = argument(args, kwargs, 4, "mode", 0) == 1
    additions = max(0, rows - elements) + (elements if is_mean else 0)
    return ((REDUCTION, additions), (POINTWISE, 0 if weights is None else rows))


def _bags_backward(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """The gradient of each row, added to the table's."""
    gradient, indices = args[:2]
    return ((POINTWISE, indices.numel() * gradient.shape[-1]),)


def _clone(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, layout = args[0], kwargs.get("memory_format")
    if not x.is_meta:
        return None
    if layout is torch.contiguous_format:
        return fresh(x.shape, x.dtype)
    return like(x) if layout in (None, torch.preserve_format) else None


def _like(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x = args[0]
    if not x.is_meta or kwargs.get("dtype") not in (None, x.dtype):
        return None
    if kwargs.get("memory_format") not in (None, torch.preserve_format):
        return None
    return like(x) if kwargs.get("device") in (None, x.device) else None


def _cat(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    parts, dim = args[0], argument(args, kwargs, 1, "dim", 0)
    first = parts[0]
    rank = first.dim()
    if rank == 0 or not are_dims((dim,), rank):
        return None
    if not all(x.is_meta and x.dtype == first.dtype and x.dim() == rank for x in parts):
        return None
    dim %= rank
    if any(_other_sides(x, dim) != _other_sides(first, dim) for x in parts[1:]):
        return None
    shape = list(first.shape)
    shape[dim] = sum(x.shape[dim] for x in parts)
    return of_one_layout(parts, shape)


def _other_sides(x: torch.Tensor, dim: int) -> list[int]:
    """The shape without the side ``dim``."""
    return [side for d, side in enumerate(x.shape) if d != dim]


def _unfolded(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """im2col: (N, C, H, W) to (N, C taps, positions)."""
    x, kernel, dilation, padding, stride = args
    if not x.is_meta or x.dim() != 4:
        return None
    positions = _positions(x.shape[2:], kernel, dilation, padding, stride)
    return fresh((x.shape[0], x.shape[1] * kernel[0] * kernel[1], positions), x.dtype) if positions else None


def _folded(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """col2im: (N, C taps, positions) to (N, C, H, W)."""
    x, size, kernel = args[:3]
    taps = kernel[0] * kernel[1]
    if not x.is_meta or x.dim() != 3 or x.shape[1] % taps or x.shape[2] != _positions(*args[1:]):
        return None
    return fresh((x.shape[0], x.shape[1] // taps, *size), x.dtype)


def _positions(sides: Any, kernel: Any, dilation: Any, padding: Any, stride: Any) -> int:
    """The number of positions of a window on a map; 0 where it does not fit."""
    positions = 1
    for side, k, d, p, s in zip(sides, kernel, dilation, padding, stride, strict=True):
        positions *= max(0, (side + 2 * p - d * (k - 1) - 1) // s + 1)
    return positions


def _padded(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """padding: before and after the last side, then the one before it."""
    x, padding = args[:2]
    if not plain(x) or len(padding) > 2 * x.dim():
        return None
    shape = list(x.shape)
    for i, (before, after) in enumerate(zip(padding[::2], padding[1::2], strict=True)):
        shape[-1 - i] += before + after
    return fresh(shape, x.dtype) if min(shape, default=1) > 0 else None


def _reflected(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """As ``_padded``, of a map whose sides are longer than the padding."""
    x, padding = args
    fits = x.dim() == 4 and max(padding[:2]) < x.shape[3] and max(padding[2:]) < x.shape[2]
    return _padded(args, kwargs) if fits else None


def _gathered(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, dim, index = args
    if not x.is_meta or index.dtype != torch.int64 or not x.dim() or index.dim() != x.dim():
        return None
    if not are_dims((dim,), x.dim()):
        return None
    fits = all(
        a <= b for d, (a, b) in enumerate(zip(index.shape, x.shape, strict=True)) if d != dim % x.dim()
    )
    return fresh(index.shape, x.dtype) if fits else None


def _indexed(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """x[:, i, j] with integer tensors on adjacent sides: their common shape replaces these sides."""
    x, arguments = args
    dims = [d for d, index in enumerate(arguments) if index is not None]
    indices = [arguments[d] for d in dims]
    if not x.is_meta or len(arguments) > x.dim() or not all(map(_is_plain_index, indices)):
        return None
    common = _common_shape(indices)
    if common is None or dims != list(range(dims[0], dims[0] + len(dims))):
        return None
    before, after = dims[0], dims[-1] + 1
    shape = [*x.shape[:before], *common, *x.shape[after:]]
    # The order of dimensions follows x, which has stride 0 along the indexed sides, and then the indices
    # along those.
    source = x.as_strided(shape, [*x.stride()[:before], *[0] * len(common), *x.stride()[after:]])
    expanded = [index.reshape(*index.shape, *[1] * (x.dim() - after)) for index in indices]
    return elementwise(shape, x.dtype, (source, *expanded))


def _is_plain_index(index: torch.Tensor) -> bool:
    return bool(index.is_meta and index.dtype == torch.int64 and index.dim() and index.is_contiguous())


def _common_shape(tensors: Sequence[torch.Tensor]) -> Sequence[int] | None:
    """The shape that all tensors broadcast to; None where there is none."""
    shape: Sequence[int] | None = tensors[0].shape
    for tensor in tensors[1:]:
        shape = None if shape is None else broadcast(torch.Size(shape), tensor.shape)
    return shape


def _arange(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    start, end, step = (0, args[0], 1) if len(args) == 1 else (*args[:2], args[2] if len(args) > 2 else 1)
    if not _for_meta(kwargs) or not all(isinstance(n, int) for n in (start, end, step)) or step == 0:
        return None
    if (end - start) * step < 0:
        return None
    return fresh((-(-(end - start) // step),), kwargs.get("dtype") or torch.int64)


def _linspace(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if not _for_meta(kwargs) or any(isinstance(end, torch.Tensor) for end in args[:2]):
        return None
    return fresh((args[2],), kwargs.get("dtype") or torch.get_default_dtype())


def _eye(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if not _for_meta(kwargs):
        return None
    return fresh((args[0], args[-1]), kwargs.get("dtype") or torch.get_default_dtype())


def _for_meta(kwargs: dict[str, Any]) -> bool:
    return kwargs.get("device") is not None and torch.device(kwargs["device"]).type == "meta"


def _stack(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """cat along the dimension, split in two; or along a new last one."""
    parts, dim = args[0], argument(args, kwargs, 1, "dim", 0)
    first = parts[0]
    if not all(x.is_meta and x.dtype == first.dtype and x.shape == first.shape for x in parts):
        return None
    if not are_dims((dim,), first.dim() + 1):
        return None
    dim %= first.dim() + 1
    shape = [*first.shape[:dim], len(parts), *first.shape[dim:]]
    if dim == first.dim():
        return of_one_layout([x.unsqueeze(dim) for x in parts], shape)
    whole = _cat((parts, dim), {})
    return None if whole is None else whole.view(shape)


def _flipped(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, dims = args
    return fresh(x.shape, x.dtype) if plain(x) and are_dims(dims, x.dim()) else None


def _rolled(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, shifts, dims = (*args, ())[:3]
    turns = len(shifts) == (len(dims) or 1) and len(dims) <= x.dim() and are_dims(dims, x.dim())
    if not turns:
        return None
    if dims and x.is_meta and reads_channels_last(x):
        return of_one_layout([x], x.shape)  # parts put together again, as by cat
    return fresh(x.shape, x.dtype) if plain(x) else None


def _repeated(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, repeats = args
    added = len(repeats) - x.dim()
    if added < 0 or min(repeats, default=0) < 0 or not (x.is_meta and x.is_contiguous()):
        return None
    sides = [1] * added + [*x.shape]
    return fresh([side * times for side, times in zip(sides, repeats, strict=True)], x.dtype)


def _shuffled(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, factor = args
    if x.dim() != 4 or factor < 1 or x.shape[1] % factor**2 or not plain(x) or reads_channels_last(x):
        return None
    batch, channels, height, width = x.shape
    return fresh((batch, channels // factor**2, height * factor, width * factor), x.dtype)


# Copies, casts, rearrangements, constants, random numbers.
_MOVED = """
        clone _to_copy cat stack constant_pad_nd reflection_pad1d reflection_pad2d replication_pad1d
    replication_pad2d     _pad_circular gather index index_select embedding masked_select take roll flip
    rot90 im2col channel_shuffle     pixel_shuffle pixel_unshuffle native_channel_shuffle repeat
    repeat_interleave tril triu slice_scatter select_scatter     zeros ones full arange linspace eye
    scalar_tensor     rand randn randint randperm bernoulli uniform normal exponential random multinomial
    slice_backward select_backward diagonal_backward index_fill complex one_hot nonzero
    _local_scalar_dense masked_scatter _conj_copy view_as_real_copy resize set_     reflection_pad3d
    replication_pad3d index_copy max_unpool2d max_unpool3d masked_scatter_backward block_diag     diag_embed
    tril_indices triu_indices unfold_copy contiguous _pin_memory cauchy geometric log_normal
    diagonal_scatter as_strided_scatter put lu_unpack _unsafe_masked_index nonzero_static _chunk_cat
    resize_as_ logspace to_sparse to_dense _to_sparse _to_dense _coalesce coalesce sparse_mask
"""
_OVERWRITTEN = """
        copy fill zero bernoulli_ uniform_ normal_ exponential_ random_ zeros_like ones_like full_like
    rand_like     randn_like randint_like new_zeros new_ones new_full
"""
_ALLOCATED = "empty empty_like empty_strided new_empty new_empty_strided empty_permuted"
# Views by what they do, though their schema does not say so.
_VIEWS = """
        _unsafe_view _reshape_alias lift_fresh promote_types sym_size sym_stride sym_numel is_same_size
    resolve_conj     unsafe_split unsafe_split_with_sizes unsafe_chunk
"""
# Of the host alone: names for a profiler, errors that a kernel noted, checks.
_NOTES = """
    profiler::_record_function_enter profiler::_record_function_enter_new profiler::_record_function_exit
    _linalg_check_errors _assert_async _functional_assert_async _assert_scalar _assert_tensor_metadata
    sym_constrain_range sym_constrain_range_for_size
"""
_ADDED = {
    "scatter_add": 3,
    "index_add": 3,
    "scatter_reduce": 3,
    "index_reduce": 3,
    "_unsafe_masked_index_put_accumulate": 3,
    "embedding_dense_backward": 0,
    "unfold_backward": 0,
    **{f"{kind}_pad{d}d_backward": 0 for kind in ("reflection", "replication") for d in (1, 2, 3)},
}


def _overwriting(name: str) -> Rule:
    return Rule(no_flops, in_place if name.endswith("_") else None, overwrites=True)


RULES = {
    **{name: Rule(no_flops) for name in _MOVED.split()},
    **{name: _overwriting(name) for name in _OVERWRITTEN.split()},
    **{name: Rule(no_flops, moves=False) for name in _ALLOCATED.split()},
    **dict.fromkeys(_VIEWS.split(), VIEW),
    **{name: Rule(_added(place)) for name, place in _ADDED.items()},
    **dict.fromkeys(_NOTES.split(), VIEW),
    "_embedding_bag": Rule(_bags),
    "_embedding_bag_forward_only": Rule(_bags),
    "_embedding_bag_backward": Rule(_bags_backward),
    "_embedding_bag_dense_backward": Rule(_bags_backward),
    "index_put": Rule(_put),
    "scatter": Rule(_scatter),
    "_unsafe_index_put": Rule(_put),
    "clone": Rule(no_flops, _clone),
    "empty_like": Rule(no_flops, _like, moves=False),
    "zeros_like": Rule(no_flops, _like, overwrites=True),
    "ones_like": Rule(no_flops, _like, overwrites=True),
    "cat": Rule(no_flops, _cat),
    "stack": Rule(no_flops, _stack),
    "im2col": Rule(no_flops, _unfolded),
    "col2im": Rule(_added(0), _folded),
    "arange": Rule(no_flops, _arange),
    "linspace": Rule(no_flops, _linspace),
    "eye": Rule(no_flops, _eye),
    "constant_pad_nd": Rule(no_flops, _padded),
    "reflection_pad2d": Rule(no_flops, _reflected),
    "index": Rule(no_flops, _indexed),
    "gather": Rule(no_flops, _gathered),
    "roll": Rule(no_flops, _rolled),
    "repeat": Rule(no_flops, _repeated),
    "pixel_shuffle": Rule(no_flops, _shuffled),
    "flip": Rule(no_flops, _flipped),
}

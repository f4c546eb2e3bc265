"""Normalisations that run as one operator. What they cost does not depend on how a device computes them."""

from typing import Any

import torch

from attnprof.counting.rules import NORM, POINTWISE, REDUCTION, TRANSCENDENTAL, Cost, Flops, Rule
from attnprof.counting.rules._meta import argument, fresh, of_one_layout, plain

_BATCH_EVAL, _BATCH_TRAIN, _OTHERS = 4, 8, 8  # per element; backward: twice


def _per_element(operations: int) -> Flops:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        return ((NORM, operations * args[0].numel()),)

    return flops


def _batch(training: int) -> Flops:
    """training: the position of that argument; where it is true, the statistics are those of the batch."""

    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        return ((NORM, (_BATCH_TRAIN if args[training] else _BATCH_EVAL) * args[0].numel()),)

    return flops


def _batch_backward(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    training = args[7]
    return ((NORM, 2 * (_BATCH_TRAIN if training else _BATCH_EVAL) * args[0].numel()),)


def _batch_shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, training = args[0], args[5]
    if not x.is_meta or not x.is_floating_point() or x.dim() < 2:
        return None
    if not _all_are(args[1:5], x.shape[1:2], x.dtype):
        return None
    saved = (x.shape[1],) if training else (0,)
    return of_one_layout((x,), x.shape), fresh(saved, x.dtype), fresh(saved, x.dtype)


def _all_are(tensors: Any, shape: Any, dtype: Any) -> bool:
    """Whether all that are not None have this shape and dtype; in mixed precision they differ."""
    return all(t is None or (t.shape == shape and t.dtype == dtype) for t in tensors)


def _batch_scratch(args: tuple[Any, ...]) -> int:
    """In eval mode the CPU's kernel first computes a scale and a shift per channel."""
    x, training = args[0], args[5]
    return 0 if training else 2 * x.shape[1] * x.element_size()


def _layer_shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, normalized = args[0], torch.Size(args[1])
    outer = x.dim() - len(normalized)
    if not x.is_meta or not x.is_floating_point() or outer < 0 or x.shape[outer:] != normalized:
        return None
    if not _all_are(args[2:4], normalized, x.dtype):
        return None
    saved = [*x.shape[:outer], *[1] * len(normalized)]
    return fresh(x.shape, x.dtype), fresh(saved, x.dtype), fresh(saved, x.dtype)


def _group_shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, n, channels, groups = args[0], args[3], args[4], args[6]
    if not plain(x) or x.shape[:2] != (n, channels) or channels % groups:
        return None
    if not _all_are(args[1:3], (channels,), x.dtype):
        return None
    return fresh(x.shape, x.dtype), fresh((n, groups), x.dtype), fresh((n, groups), x.dtype)


def _backward_shape(weight: int, bias: int, mask: int) -> Any:
    """Gradients of the input, the weight and the bias, those that the mask selects.

    weight, bias, mask: positions of these arguments. The saved statistics need no check: forward computed
    them.
    """

    def shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        gradient, x = args[:2]
        if not gradient.is_meta or not gradient.is_contiguous() or not x.is_contiguous():
            return None
        if gradient.shape != x.shape or gradient.dtype != x.dtype:
            return None
        inputs = (x, args[weight], args[bias])
        needed = argument(args, kwargs, mask, "output_mask")
        if any(need and tensor is None for need, tensor in zip(needed, inputs, strict=True)):
            return None
        if any(tensor is not None and tensor.dtype != x.dtype for tensor in inputs):
            return None
        gradients = [
            fresh(tensor.shape, x.dtype) if need else None
            for need, tensor in zip(needed, inputs, strict=True)
        ]
        return tuple(gradients)

    return shape


def _weight_norm(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """w = v (g / |v|) per row of v: squares and sums, a root and a quotient per row, and n products."""
    n, rows = args[0].numel(), out[1].numel()
    return ((REDUCTION, 2 * n - rows), (TRANSCENDENTAL, rows), (POINTWISE, n + rows))


def _weight_norm_backward(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """g' = (sum of w' v) / |v|, and v' = (g / |v|) (w' - v g' / |v|)."""
    n, rows = args[0].numel(), args[3].numel()
    return ((REDUCTION, n - rows), (POINTWISE, 4 * n + 3 * rows))


RULES = {
    "native_batch_norm": Rule(_batch(5), _batch_shape, scratch=_batch_scratch),
    "_native_batch_norm_legit": Rule(lambda a, k, out: ((NORM, _BATCH_TRAIN * a[0].numel()),)),
    "_native_batch_norm_legit_no_training": Rule(_per_element(_BATCH_EVAL)),
    "_batch_norm_with_update": Rule(_per_element(_BATCH_TRAIN)),
    "_batch_norm_no_update": Rule(_per_element(_BATCH_EVAL)),
    "cudnn_batch_norm": Rule(_batch(5)),
    "native_layer_norm": Rule(_per_element(_OTHERS), _layer_shape),
    "native_group_norm": Rule(_per_element(_OTHERS), _group_shape),
    "_fused_rms_norm": Rule(_per_element(_OTHERS)),
    "native_batch_norm_backward": Rule(_batch_backward, _backward_shape(2, 2, 9)),
    "native_layer_norm_backward": Rule(_per_element(2 * _OTHERS), _backward_shape(5, 6, 7)),
    "native_group_norm_backward": Rule(_per_element(2 * _OTHERS)),
    "_weight_norm_interface": Rule(_weight_norm),
    "_weight_norm_interface_backward": Rule(_weight_norm_backward),
    "_fused_rms_norm_backward": Rule(_per_element(2 * _OTHERS)),
}

"""Pooling: a window of t taps takes t - 1 operations, an average one division more; padding counts."""

from math import prod
from typing import Any

import torch

from attnprof.counting.rules import REDUCTION, Cost, Rule
from attnprof.counting.rules._meta import argument, fresh, of_one_layout


def _taps(kernel: Any, sides: int) -> int:
    window: list[int] = [kernel] if isinstance(kernel, int) else list(kernel)
    return prod(window * (sides if len(window) == 1 else 1))


def adaptive_taps(n_in: int, n_out: int) -> int:
    """Taps of all windows along a side; the i-th reaches from floor(i in / out) to ceil((i + 1) in / out)."""
    return sum(-(-(i + 1) * n_in // n_out) - i * n_in // n_out for i in range(n_out))


def _adaptive(x: Any, out_shape: Any, sides: int) -> int:
    """Taps of all windows of x pooled to out_shape."""
    along = (adaptive_taps(i, o) for i, o in zip(x.shape[-sides:], out_shape[-sides:], strict=True))
    planes: int = prod(x.shape[:-sides])
    return planes * prod(along)


def _average(sides: int) -> Any:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        return ((REDUCTION, out.numel() * _taps(args[1], sides)),)

    return flops


def _average_backward(sides: int) -> Any:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        return ((REDUCTION, args[0].numel() * (_taps(args[2], sides) + 1)),)

    return flops


def _maximum(sides: int) -> Any:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        return ((REDUCTION, out[0].numel() * (_taps(args[1], sides) - 1)),)

    return flops


def _adaptive_average(sides: int) -> Any:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        return ((REDUCTION, _adaptive(args[0], out.shape, sides)),)

    return flops


def _adaptive_average_backward(sides: int) -> Any:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        gradient, x = args[:2]
        return ((REDUCTION, _adaptive(x, gradient.shape, sides) + gradient.numel()),)

    return flops


def _adaptive_maximum(sides: int) -> Any:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        return ((REDUCTION, _adaptive(args[0], out[0].shape, sides) - out[0].numel()),)

    return flops


def _maximum_backward(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    return ((REDUCTION, args[0].numel()),)


def _adaptive_shape(sides: int) -> Any:
    def shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        x, size = args[0], args[1]
        if not x.is_meta or len(size) != sides or not sides < x.dim() <= sides + 2:
            return None
        out = [*x.shape[:-sides], *size]
        return of_one_layout((x,), out) if x.dim() == 4 and sides == 2 else fresh(out, x.dtype)

    return shape


def _pooled(x: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceiling: bool) -> list[int]:
    """(N, C, H, W) after a window has passed; one that would begin in the right padding is dropped."""
    shape = list(x.shape[:-2])
    windows = map(_pair, (kernel, stride or kernel, padding, dilation))
    for side, k, s, p, d in zip(x.shape[-2:], *windows, strict=True):
        room = side + 2 * p - d * (k - 1) - 1
        n = (room + (s - 1 if ceiling else 0)) // s + 1
        shape.append(n - 1 if ceiling and (n - 1) * s >= side + p else n)
    return shape


def _pair(value: Any) -> list[int]:
    values: list[int] = [value] if isinstance(value, int) else list(value)
    return values * 2 if len(values) == 1 else values


def _average_shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, kernel = args[:2]
    if not x.is_meta or x.dim() != 4:
        return None
    stride, padding = argument(args, kwargs, 2, "stride"), argument(args, kwargs, 3, "padding", 0)
    ceiling = argument(args, kwargs, 4, "ceil_mode", False)
    shape = _pooled(x, kernel, stride, padding, 1, ceiling)
    return of_one_layout((x,), shape) if min(shape) > 0 else None


def _maximum_shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Values and their indices."""
    x, kernel = args[:2]
    if not x.is_meta or not x.is_floating_point() or x.dim() != 4:
        return None
    stride, padding = argument(args, kwargs, 2, "stride"), argument(args, kwargs, 3, "padding", 0)
    dilation, ceiling = (
        argument(args, kwargs, 4, "dilation", 1),
        argument(args, kwargs, 5, "ceil_mode", False),
    )
    shape = _pooled(x, kernel, stride, padding, dilation, ceiling)
    if min(shape) <= 0:
        return None
    return of_one_layout((x,), shape), of_one_layout((x,), shape, torch.int64)


def _adaptive_maximum_shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Values and their indices."""
    x, size = args
    if not x.is_meta or not x.is_floating_point() or x.dim() != 4 or len(size) != 2:
        return None
    shape = [*x.shape[:2], *size]
    return of_one_layout((x,), shape), of_one_layout((x,), shape, torch.int64)


RULES = {
    "avg_pool1d": Rule(_average(1)),
    "avg_pool2d": Rule(_average(2), _average_shape),
    "avg_pool3d": Rule(_average(3)),
    "avg_pool2d_backward": Rule(_average_backward(2)),
    "avg_pool3d_backward": Rule(_average_backward(3)),
    "max_pool2d_with_indices": Rule(_maximum(2), _maximum_shape),
    "max_pool3d_with_indices": Rule(_maximum(3)),
    "_adaptive_avg_pool2d": Rule(_adaptive_average(2), _adaptive_shape(2)),
    "_adaptive_avg_pool3d": Rule(_adaptive_average(3), _adaptive_shape(3)),
    "_adaptive_avg_pool2d_backward": Rule(_adaptive_average_backward(2)),
    "_adaptive_avg_pool3d_backward": Rule(_adaptive_average_backward(3)),
    "adaptive_max_pool2d": Rule(_adaptive_maximum(2), _adaptive_maximum_shape),
    "adaptive_max_pool3d": Rule(_adaptive_maximum(3)),
    **{
        name: Rule(_maximum_backward)
        for name in (
            "max_pool2d_with_indices_backward",
            "max_pool3d_with_indices_backward",
            "adaptive_max_pool2d_backward",
            "adaptive_max_pool3d_backward",
        )
    },
}

"""Convolutions of every kind. Padding taps count; grouped backward costs twice forward, as forward's MACs twice."""

from math import prod
from typing import Any

from attnprof.counting.rules import REDUCTION, Cost, Rule
from attnprof.counting.rules._meta import fresh, of_one_layout, reads_channels_last
from attnprof.counting.rules.products import bias, mac


def _macs(x: Any, weight: Any, out_shape: Any, transposed: bool) -> int:
    """weight: (out, in / groups, *taps), or (in, out / groups, *taps) where transposed."""
    positions: int = x.numel() if transposed else prod(out_shape)
    taps: int = prod(weight.shape[1:])
    return positions * taps


def _forward(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    x, weight, added, transposed = args[0], args[1], args[2], args[6]
    product = mac(_macs(x, weight, out.shape, transposed), x)
    return (product,) if added is None else (product, bias(out))


def _backward(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    gradient, x, weight, transposed, wanted = args[0], args[1], args[2], args[7], args[10]
    macs = _macs(x, weight, gradient.shape, transposed) * (wanted[0] + wanted[1])
    return (mac(macs, x), (REDUCTION, (gradient.numel() - gradient.shape[1]) if wanted[2] else 0))


def _shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, weight, bias, stride, padding, dilation, transposed, extra, groups = args
    sides = x.dim() - 2
    if sides < 1 or not x.is_meta or x.dtype != weight.dtype or (bias is not None and bias.dtype != x.dtype):
        return None
    if x.shape[1] != (weight.shape[0] if transposed else weight.shape[1] * groups):
        return None
    if not sides == len(stride) == len(padding) == len(dilation) == weight.dim() - 2:
        return None
    shape = [x.shape[0], weight.shape[1] * groups if transposed else weight.shape[0]]
    for d in range(sides):
        side, reach = x.shape[d + 2], dilation[d] * (weight.shape[d + 2] - 1)
        if transposed:
            shape.append((side - 1) * stride[d] - 2 * padding[d] + reach + extra[d] + 1)
        else:
            shape.append((side + 2 * padding[d] - reach - 1) // stride[d] + 1)
    if min(shape[2:]) < 1:
        return None
    # Torch's meta kernel alone is never channels last: CPU and CUDA are, where the input or the weight is.
    if sides > 1:
        return of_one_layout((x if reads_channels_last(x) else weight,), shape)
    # One side is run as two, of an input made contiguous.
    x, weight = (x if x.is_contiguous() else fresh(x.shape, x.dtype)).unsqueeze(2), weight.unsqueeze(2)
    return of_one_layout((x if reads_channels_last(x) else weight,), [*shape[:2], 1, shape[2]]).squeeze(2)


RULES = {
    "convolution": Rule(_forward, _shape),
    "_convolution": Rule(_forward),
    "convolution_backward": Rule(_backward),
}

"""Convolutions of every kind. Taps on padding count; backward costs twice forward."""

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
    x, weight, shift, transposed = args[0], args[1], args[2], args[6]
    product = mac(_macs(x, weight, out.shape, transposed), x)
    return (product,) if shift is None else (product, bias(out))


def _backward(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    gradient, x, weight, transposed, mask = args[0], args[1], args[2], args[7], args[10]
    macs = _macs(x, weight, gradient.shape, transposed) * (mask[0] + mask[1])
    bias_flops = gradient.numel() - gradient.shape[1] if mask[2] else 0
    return (mac(macs, x), (REDUCTION, bias_flops))


def _shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, weight = args[:2]
    if not x.is_meta or not _takes(*args):
        return None
    shape = _out_shape(*args)
    if min(shape[2:]) < 1:
        return None
    # Only torch's meta kernel is never channels last: CPU and CUDA follow the input or the weight.
    if x.dim() > 3:
        return of_one_layout((x if reads_channels_last(x) else weight,), shape)
    # One side is run as two, on a contiguous input.
    x, weight = (x if x.is_contiguous() else fresh(x.shape, x.dtype)).unsqueeze(2), weight.unsqueeze(2)
    return of_one_layout((x if reads_channels_last(x) else weight,), [*shape[:2], 1, shape[2]]).squeeze(2)


def _takes(
    x: Any,
    weight: Any,
    shift: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    _: Any,
    groups: int,
) -> bool:
    """Whether dtypes, channels and sides of the arguments fit together."""
    if x.dtype != weight.dtype or (shift is not None and shift.dtype != x.dtype):
        return False
    sides = x.dim() - 2
    if sides < 1 or not sides == len(stride) == len(padding) == len(dilation) == weight.dim() - 2:
        return False
    channels: int = weight.shape[0] if transposed else weight.shape[1] * groups
    return bool(x.shape[1] == channels)


def _out_shape(
    x: Any,
    weight: Any,
    _: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    extra: Any,
    groups: int,
) -> list[int]:
    """(N, channels, sides). extra: output padding of a transposed convolution."""
    shape = [x.shape[0], weight.shape[1] * groups if transposed else weight.shape[0]]
    for d, side in enumerate(x.shape[2:]):
        reach = dilation[d] * (weight.shape[d + 2] - 1)
        if transposed:
            shape.append((side - 1) * stride[d] - 2 * padding[d] + reach + extra[d] + 1)
        else:
            shape.append((side + 2 * padding[d] - reach - 1) // stride[d] + 1)
    return shape


RULES = {
    "convolution": Rule(_forward, _shape),
    "_convolution": Rule(_forward),
    "convolution_backward": Rule(_backward),
}

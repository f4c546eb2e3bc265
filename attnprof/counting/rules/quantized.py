"""Products whose weight is packed in 8 bits: as many MACs as in floating point."""

from math import prod
from typing import Any

from attnprof.counting.rules import POINTWISE, Cost, Flops, Rule, no_flops
from attnprof.counting.rules.products import bias, mac

_X, _PACKED = 0, 1  # positions of the input and of the packed weight


def _linear(has_relu: bool) -> Flops:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        product = (mac(out.numel() * args[_X].shape[-1], args[_X]), *_bias(args, out))
        return (*product, (POINTWISE, out.numel())) if has_relu else product

    return flops


def _convolution(has_relu: bool) -> Flops:
    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        weight = args[_PACKED].unpack()[0]
        product = (mac(out.numel() * prod(weight.shape[1:]), args[_X]), *_bias(args, out))
        return (*product, (POINTWISE, out.numel())) if has_relu else product

    return flops


def _bias(args: tuple[Any, ...], out: Any) -> Cost:
    return () if args[_PACKED].unpack()[1] is None else (bias(out),)


def _one(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    return ((POINTWISE, out.numel()),)


def _scaled(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """A quotient, a shift, a rounding and two bounds per element."""
    return ((POINTWISE, 5 * out.numel()),)


def _unscaled(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    return ((POINTWISE, 2 * out.numel()),)


RULES = {
    **{f"quantized::linear{name}": Rule(_linear(False)) for name in ("", "_dynamic", "_dynamic_fp16")},
    **{f"quantized::linear_relu{name}": Rule(_linear(True)) for name in ("", "_dynamic", "_dynamic_fp16")},
    **{f"quantized::conv{d}d": Rule(_convolution(False)) for d in (1, 2, 3)},
    **{f"quantized::conv{d}d_relu": Rule(_convolution(True)) for d in (1, 2, 3)},
    **{f"quantized::conv{d}d_dynamic": Rule(_convolution(False)) for d in (1, 2, 3)},
    **{f"quantized::{name}": Rule(_one) for name in ("add", "mul", "add_scalar", "mul_scalar", "add_relu")},
    "quantized::cat": Rule(no_flops),
    "quantize_per_tensor": Rule(_scaled),
    "quantize_per_tensor_dynamic": Rule(_scaled),
    "quantize_per_channel": Rule(_scaled),
    "dequantize": Rule(_unscaled),
    "int_repr": Rule(no_flops),
}

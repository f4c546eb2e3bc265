"""Element by element: one operation per output element, in the category of the function's kind."""

from typing import Any

import torch

from attnprof.counting.rules import FREE, POINTWISE, TRANSCENDENTAL, Cost, Flops, Rule
from attnprof.counting.rules._meta import broadcast, elementwise, fresh, like, plain

_MULTIPLY, _DIVIDE = 6, 11  # real operations of a complex product and quotient
_MODULUS = 4  # two squares, a sum, a root


def per_element(category: str, operations: int = 1, complex_operations: int = 2) -> Flops:
    """``operations`` per output element; more on complex numbers, none on integers."""

    def flops(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
        if out.is_floating_point():
            return ((category, operations * out.numel()),)
        x = next((a for a in args if isinstance(a, torch.Tensor) and _is_number(a)), None)
        if x is None:
            return FREE
        is_complex = out.is_complex() or x.is_complex()
        return ((category, (complex_operations if is_complex else operations) * out.numel()),)

    return flops


def _is_number(x: torch.Tensor) -> bool:
    """Whether x is real or complex, and not of integers or booleans."""
    return x.is_floating_point() or x.is_complex()


def _modulus(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    if args[0].is_complex():
        return ((POINTWISE, _MODULUS * out.numel()),)
    return _one(args, kwargs, out)


def same(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Shape function: the output is like the first input."""
    x = args[0]
    return elementwise(x.shape, x.dtype, (x,)) if x.is_meta and x.is_floating_point() else None


def both(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Shape function: the first two arguments broadcast; one of them may be a number."""
    a, b = args[0], args[1]
    if not isinstance(a, torch.Tensor):
        return both((b, a), kwargs) if isinstance(b, torch.Tensor) and b.is_floating_point() else None
    if not a.is_meta:
        return None
    return _with_tensor(a, b) if isinstance(b, torch.Tensor) else _with_number(a, b)


def _with_number(a: torch.Tensor, b: Any) -> Any:
    keeps_dtype = a.is_floating_point() or (type(b) is int and a.dtype == torch.int64)
    return elementwise(a.shape, a.dtype, (a,)) if keeps_dtype and type(b) in (int, float) else None


def _with_tensor(a: torch.Tensor, b: torch.Tensor) -> Any:
    if not b.is_meta or a.dtype == torch.bool:
        return None
    if b.dtype != a.dtype and not (a.dim() and b.dim()):
        return None  # a tensor without dimensions does not always take part in the choice of dtype
    shape = a.shape if a.shape == b.shape else broadcast(a.shape, b.shape)
    return None if shape is None else elementwise(shape, torch.promote_types(a.dtype, b.dtype), (a, b))


def of_fractions(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """As ``both``, for floating-point tensors alone: with integers the dtype depends on the operator."""
    first = next((x for x in args[:2] if isinstance(x, torch.Tensor)), None)
    return both(args, kwargs) if first is not None and first.is_floating_point() else None


def bounded(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Shape function of clamp: bounds are numbers, or tensors that broadcast."""
    bounds = [bound for bound in args[1:] if isinstance(bound, torch.Tensor)]
    if not bounds:
        return same(args, kwargs)
    x, shape = args[0], args[0].shape
    for bound in bounds:
        if not bound.is_meta or bound.dtype != x.dtype:
            return None
        shape = broadcast(torch.Size(shape), bound.shape)
        if shape is None:
            return None
    return elementwise(shape, x.dtype, (x, *bounds)) if x.is_meta else None


def compared(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """As ``both``, of any one dtype; the output is boolean."""
    a, b = args[0], args[1]
    if not isinstance(a, torch.Tensor) or not a.is_meta:
        return None
    if not isinstance(b, torch.Tensor):
        return elementwise(a.shape, torch.bool, (a,))
    shape = broadcast(a.shape, b.shape) if b.is_meta else None
    return None if shape is None else elementwise(shape, torch.bool, (a, b))


_one = per_element(POINTWISE)
_UNARY = "relu neg abs sign sgn ceil floor round trunc frac hardtanh hardsigmoid hardswish leaky_relu "
_UNARY += "threshold reciprocal hardshrink softshrink angle conj_physical"
_BINARY = "add sub mul maximum minimum fmax fmin remainder fmod floor_divide _prelu_kernel heaviside"
_COMPARE = "eq ne lt le gt ge"
_OTHERS = "isnan isinf isfinite isclose logical_and logical_or logical_xor logical_not "
_OTHERS += "bitwise_and bitwise_or bitwise_xor bitwise_not where masked_fill nan_to_num copysign deg2rad "
_OTHERS += "rad2deg ldexp nextafter signbit isposinf isneginf gcd lcm bitwise_left_shift bitwise_right_shift "
_OTHERS += "_conj_physical"
_BACKWARD = "hardtanh_backward hardsigmoid_backward hardswish_backward leaky_relu_backward "
_BACKWARD += "sigmoid_backward tanh_backward elu_backward hardshrink_backward softshrink_backward "
_BACKWARD += "_prelu_kernel_backward"
_TRANSCENDENTAL = "exp exp2 expm1 log log2 log10 log1p sqrt rsqrt sigmoid tanh gelu silu mish elu celu selu "
_TRANSCENDENTAL += "softplus erf erfc erfinv sin cos tan asin acos atan sinh cosh asinh acosh atanh sinc "
_TRANSCENDENTAL += "log_sigmoid_forward logit"
_SPECIAL = "i0 digamma lgamma polygamma igamma igammac logaddexp2 special_i0e special_i1 special_i1e "
_SPECIAL += "special_xlog1py special_zeta special_entr special_ndtri special_log_ndtr special_erfcx "
_SPECIAL += "special_airy_ai special_bessel_j0 special_bessel_j1 special_bessel_y0 special_bessel_y1 "
_SPECIAL += "special_modified_bessel_i0 special_modified_bessel_i1 special_modified_bessel_k0 "
_SPECIAL += "special_modified_bessel_k1 special_scaled_modified_bessel_k0 special_scaled_modified_bessel_k1 "
_SPECIAL += "special_spherical_bessel_j0"
_TRANSCENDENTAL_TWO = "atan2 logaddexp hypot xlogy"
_TRANSCENDENTAL_BACKWARD = "gelu_backward silu_backward mish_backward softplus_backward"


def _two_of_same(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Shape function of an activation's backward: the output's gradient and a saved tensor of its shape."""
    a, b = args[0], args[1]
    if isinstance(b, torch.Tensor) and a.is_meta and b.is_meta and a.shape == b.shape and a.dtype == b.dtype:
        return elementwise(a.shape, a.dtype, (a, b)) if a.is_floating_point() else None
    return None


def _chosen(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    mask, a, b = args
    if not all(isinstance(x, torch.Tensor) and x.is_meta for x in args):
        return None
    if a.dtype != b.dtype or mask.dtype != torch.bool:
        return None
    shape = broadcast(mask.shape, a.shape)
    shape = None if shape is None else broadcast(torch.Size(shape), b.shape)
    return None if shape is None else elementwise(shape, a.dtype, args)


def _negated(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return elementwise(args[0].shape, args[0].dtype, args[:1]) if args[0].is_meta else None


def _swapped(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The backward of relu and of similar functions takes the order of dimensions from the saved tensor."""
    return _two_of_same((args[1], args[0]), kwargs)


def _reversed(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The second minus the first."""
    return both((args[1], args[0]), kwargs)


def _log_sigmoid_backward(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The gradient, the input, and what forward saved of it: nothing, on CUDA."""
    gradient, x, saved = args
    if not gradient.is_meta or 0 in gradient.stride():
        return None
    if gradient.shape != x.shape or (saved.numel() and saved.shape != x.shape):
        return None
    return like(gradient) if gradient.dtype == x.dtype == saved.dtype else None


def _first_and_last(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return _two_of_same((args[0], args[-1]), kwargs)


def _contiguous(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return fresh(args[0].shape, args[0].dtype) if plain(args[0]) else None


def _filled(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    x, mask, value = args
    if mask.dtype != torch.bool or (isinstance(value, torch.Tensor) and value.dim()):
        return None
    same_shape = x.is_meta and broadcast(x.shape, mask.shape) == list(x.shape)
    return fresh(x.shape, x.dtype) if same_shape else None


def _gated(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """glu: half of the input times the sigmoid s of the other half."""
    return ((TRANSCENDENTAL, out.numel()), (POINTWISE, out.numel()))


def _gated_backward(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """s again; g s for one half, g s (1 - s) a for the other: 4 operations per element of the gradient g."""
    n = args[0].numel()
    return ((TRANSCENDENTAL, n), (POINTWISE, 4 * n))


def _polar(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """A cosine and a sine, each times the modulus."""
    return ((TRANSCENDENTAL, 2 * out.numel()), (POINTWISE, 2 * out.numel()))


def _equal(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    """A compare per element, of two tensors of one shape."""
    x, y = args
    return ((POINTWISE, x.numel()),) if _is_number(x) and x.shape == y.shape else FREE


def _noise_free(args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> Cost:
    return _one(args, kwargs, out[0])


RULES = {
    **{name: Rule(_one, same) for name in _UNARY.split()},
    **{name: Rule(_one, both) for name in _BINARY.split()},
    **{name: Rule(_one, compared) for name in _COMPARE.split()},
    **{name: Rule(_one) for name in _OTHERS.split()},
    **{name: Rule(_one, _two_of_same) for name in _BACKWARD.split()},
    **{name: Rule(per_element(TRANSCENDENTAL), same) for name in _TRANSCENDENTAL.split()},
    **{name: Rule(per_element(TRANSCENDENTAL), of_fractions) for name in _TRANSCENDENTAL_TWO.split()},
    **{name: Rule(per_element(TRANSCENDENTAL)) for name in _SPECIAL.split()},
    "polar": Rule(_polar),
    "equal": Rule(_equal),
    "pow": Rule(per_element(TRANSCENDENTAL), both),
    **{name: Rule(_one, bounded) for name in ("clamp", "clamp_min", "clamp_max")},
    **{name: Rule(per_element(TRANSCENDENTAL), _two_of_same) for name in _TRANSCENDENTAL_BACKWARD.split()},
    "rsub": Rule(_one, _reversed),
    "mul": Rule(per_element(POINTWISE, 1, _MULTIPLY), both),
    "div": Rule(per_element(POINTWISE, 1, _DIVIDE), of_fractions),
    "abs": Rule(_modulus, same),
    "addcmul": Rule(per_element(POINTWISE, 2, _MULTIPLY + 2)),
    "addcdiv": Rule(per_element(POINTWISE, 2, _DIVIDE + 2)),
    "rrelu_with_noise": Rule(_one, _contiguous),
    "rrelu_with_noise_backward": Rule(_one),
    "threshold_backward": Rule(_one, _swapped),
    "leaky_relu_backward": Rule(_one, _swapped),
    "elu_backward": Rule(_one, _first_and_last),
    "log_sigmoid_backward": Rule(per_element(TRANSCENDENTAL), _log_sigmoid_backward),
    "where": Rule(_one, _chosen),
    "bitwise_not": Rule(_one, _negated),
    "glu": Rule(_gated),
    "glu_backward": Rule(_gated_backward),
    "linalg_cross": Rule(per_element(POINTWISE, 3, 2 * _MULTIPLY + 2)),
    "lerp": Rule(per_element(POINTWISE, 3, _MULTIPLY + 4)),
    "masked_fill": Rule(_one, _filled),
    "native_dropout": Rule(lambda args, kwargs, out: ((POINTWISE, 2 * out[0].numel()),)),
    "native_dropout_backward": Rule(per_element(POINTWISE, 2)),
    "log_sigmoid_forward": Rule(lambda args, kwargs, out: ((TRANSCENDENTAL, out[0].numel()),)),
    "_prelu_kernel_backward": Rule(_noise_free),
}

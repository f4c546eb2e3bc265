"""Arguments of what runs element by element."""

import torch
from hypothesis import strategies as st

from tests.counting.arguments.tensors import (
    any_dtype,
    broadcastable,
    call,
    dtypes,
    numbers,
    of,
    shapes,
    tensors,
)

x = tensors(dtype=any_dtype)


@st.composite
def pair(draw, mixed=True, **given):
    """Two tensors that broadcast."""
    return tuple(draw(broadcastable(2, mixed=mixed))), {name: draw(value) for name, value in given.items()}


@st.composite
def alike(draw, *numbers, count=2, last=False, by_name=None):
    """Tensors of one shape and dtype, each in a layout of its own, then numbers. last: the last tensor behind
    the numbers."""
    shape, dtype = draw(shapes()), draw(dtypes)
    found = [draw(of(shape, dtype)) for _ in range(count)]
    numbers = [draw(n) if isinstance(n, st.SearchStrategy) else n for n in numbers]
    args = (*found[:-1], *numbers, found[-1]) if last else (*found, *numbers)
    return args, {name: draw(value) for name, value in (by_name or {}).items()}


@st.composite
def noisy(draw):
    """A tensor, as many random numbers, and between which bounds."""
    found = draw(tensors(dtype=dtypes))
    return (
        found,
        torch.empty(found.shape, dtype=found.dtype, device="meta"),
        0.1,
        0.3,
        draw(st.booleans()),
    ), {}


@st.composite
def chosen(draw):
    """A boolean tensor and two more, all broadcasting."""
    mask, a, b = draw(broadcastable(3))
    return (torch.empty_strided(mask.shape, mask.stride(), dtype=torch.bool, device="meta"), a, b), {}


@st.composite
def masked(draw, number):
    """A tensor, a mask that broadcasts with it, and what to fill with: a number, or a tensor of no
    dimensions."""
    a, mask = draw(broadcastable(2, mixed=False))
    mask = torch.empty_strided(mask.shape, mask.stride(), dtype=torch.bool, device="meta")
    return (a, mask, 0.0 if number else torch.empty((), dtype=a.dtype, device="meta")), {}


@st.composite
def bounded(draw, count):
    """A tensor, and bounds that broadcast with it, some of them missing."""
    first, *bounds = draw(broadcastable(1 + count))
    if count == 2:
        missing = draw(st.sampled_from((None, None, 0, 1)))
        bounds = [None if i == missing else bound for i, bound in enumerate(bounds)]
    return (first, *bounds), {}


_UNARY = """
    relu neg abs sign sgn ceil floor round trunc frac hardsigmoid hardswish reciprocal angle
    exp exp2 expm1 log log2 log10 log1p sqrt rsqrt sigmoid tanh silu mish erf erfc erfinv
    sin cos tan asin acos atan sinh cosh asinh acosh atanh sinc bitwise_not
"""
_BINARY = "maximum minimum fmax fmin _prelu_kernel atan2 hypot logaddexp"
_BY_OVERLOAD = "mul div remainder fmod eq ne lt le gt ge xlogy"
alpha = st.sampled_from((1, 2))

ARGUMENTS = {
    **{f"{name}.default": call(x) for name in _UNARY.split()},
    **{f"{name}.default": pair() for name in _BINARY.split()},
    **{f"{name}.Tensor": pair() for name in _BY_OVERLOAD.split()},
    **{f"{name}.Scalar": call(x, numbers) for name in _BY_OVERLOAD.split() if name != "xlogy"},
    **{f"{name}.Tensor": pair(alpha=alpha) for name in ("add", "sub", "rsub")},
    **{f"{name}.Scalar": call(x, numbers, alpha) for name in ("add", "sub", "rsub")},
    "round.decimals": call(x, decimals=st.sampled_from((0, 1))),
    "floor_divide.default": pair(mixed=False),
    "heaviside.default": pair(mixed=False),
    "floor_divide.Scalar": call(x, numbers),
    "div.Tensor_mode": pair(rounding_mode=st.sampled_from((None, "floor", "trunc"))),
    "div.Scalar_mode": call(x, numbers, rounding_mode=st.sampled_from((None, "floor", "trunc"))),
    "remainder.Scalar_Tensor": call(numbers, x),
    "xlogy.Scalar_Other": call(x, numbers),
    "xlogy.Scalar_Self": call(numbers, x),
    "pow.Tensor_Tensor": pair(),
    "pow.Tensor_Scalar": call(x, numbers),
    "pow.Scalar": call(numbers, x),
    "gelu.default": call(x, approximate=st.sampled_from(("none", "tanh"))),
    "logit.default": call(x, st.sampled_from((None, 0.1))),
    "celu.default": call(x, 1.0),
    "elu.default": call(x, 1.0),
    "softplus.default": call(x, 1, 20),
    "hardtanh.default": call(x, -1.0, 1.0),
    "leaky_relu.default": call(x, 0.1),
    "threshold.default": call(x, 0.5, 0),
    "hardshrink.default": call(x, 0.5),
    "softshrink.default": call(x, 0.5),
    "rrelu_with_noise.default": noisy(),
    "clamp.default": st.one_of(call(x, 0, 6), call(x, 0.5), call(x, None, 0.5)),
    "clamp_min.default": call(x, numbers),
    "clamp_max.default": call(x, numbers),
    "clamp.Tensor": bounded(2),
    "clamp_min.Tensor": bounded(1),
    "clamp_max.Tensor": bounded(1),
    "where.self": chosen(),
    "masked_fill.Scalar": masked(number=True),
    "masked_fill.Tensor": masked(number=False),
    "threshold_backward.default": alike(0),
    "hardtanh_backward.default": alike(-1.0, 1.0),
    "hardsigmoid_backward.default": alike(),
    "hardswish_backward.default": alike(),
    "leaky_relu_backward.default": alike(0.1, False),
    "sigmoid_backward.default": alike(),
    "tanh_backward.default": alike(),
    "elu_backward.default": alike(1.0, 1.0, 1.0, False, last=True),
    "hardshrink_backward.default": alike(0.5),
    "softshrink_backward.default": alike(0.5),
    "gelu_backward.default": alike(by_name={"approximate": st.sampled_from(("none", "tanh"))}),
    "silu_backward.default": alike(),
    "mish_backward.default": alike(),
    "softplus_backward.default": alike(1, 20),
    "log_sigmoid_backward.default": alike(count=3),
}

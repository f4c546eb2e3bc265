"""Arguments of normalisations."""

from math import prod

from hypothesis import assume
from hypothesis import strategies as st

from tests.counting.arguments.tensors import dtypes, of, shapes, sides


@st.composite
def optional(draw, shape, dtype):
    """A tensor, or None."""
    return draw(of(shape, dtype)) if draw(st.booleans()) else None


@st.composite
def batch(draw):
    """By the statistics of the batch, or by running ones; parameters and statistics of the input's dtype."""
    shape, dtype, training = draw(shapes(2)), draw(dtypes), draw(st.booleans())
    assume(not training or prod(shape) > shape[1])  # one value per channel has no variance
    x = draw(of(shape, dtype))
    scale, shift = (draw(optional(shape[1:2], dtype)) for _ in range(2))
    mean, var = (draw(of(shape[1:2], dtype, ("contiguous",))) for _ in range(2))
    if training and draw(st.booleans()):
        mean = var = None
    return (x, scale, shift, mean, var, training, 0.1, 1e-5), {}


@st.composite
def layer(draw):
    """Over the last sides."""
    shape, dtype = draw(shapes(1)), draw(dtypes)
    over = shape[draw(st.integers(0, len(shape) - 1)) :]
    return (
        draw(of(shape, dtype)),
        list(over),
        draw(optional(over, dtype)),
        draw(optional(over, dtype)),
        1e-5,
    ), {}


@st.composite
def group(draw):
    """Over groups of channels."""
    n, groups, each, h, w = (draw(sides) for _ in range(5))
    c, dtype = groups * each, draw(dtypes)
    x = draw(of((n, c, h, w), dtype))
    return (x, draw(optional((c,), dtype)), draw(optional((c,), dtype)), n, c, h * w, groups, 1e-5), {}


@st.composite
def batch_backward(draw):
    """Gradients of whatever is asked for."""
    shape, dtype, training = draw(shapes(2)), draw(dtypes), draw(st.booleans())
    gradient, x = draw(of(shape, dtype)), draw(of(shape, dtype))
    scale, *kept = (draw(of(shape[1:2], dtype, ("contiguous",))) for _ in range(5))
    scale = draw(st.sampled_from((None, scale)))
    wanted = [draw(st.booleans()), draw(st.booleans()), draw(st.booleans())]
    return (gradient, x, scale, *kept, training, 1e-5, wanted), {}


@st.composite
def layer_backward(draw):
    """Gradients of whatever is asked for."""
    shape, dtype = draw(shapes(1)), draw(dtypes)
    outer = draw(st.integers(0, len(shape) - 1))
    over, saved = shape[outer:], (*shape[:outer], *[1] * (len(shape) - outer))
    gradient, x = draw(of(shape, dtype)), draw(of(shape, dtype))
    mean, rstd = (draw(of(saved, dtype, ("contiguous",))) for _ in range(2))
    scale, shift = (draw(optional(over, dtype)) for _ in range(2))
    wanted = [draw(st.booleans()), draw(st.booleans()), draw(st.booleans())]
    return (gradient, x, list(over), mean, rstd, scale, shift, wanted), {}


ARGUMENTS = {
    "native_batch_norm.default": batch(),
    "native_layer_norm.default": layer(),
    "native_group_norm.default": group(),
    "native_batch_norm_backward.default": batch_backward(),
    "native_layer_norm_backward.default": layer_backward(),
}

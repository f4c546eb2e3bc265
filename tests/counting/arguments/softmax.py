"""Arguments of softmax and its kin."""

from hypothesis import strategies as st

from tests.counting.arguments.tensors import dtypes, of, shapes, tensors


@st.composite
def along(draw, after=(), **by_name):
    """A tensor and a dimension of it."""
    x = draw(tensors())
    return (x, draw(dimension(x)), *after), by_name


@st.composite
def backward(draw):
    """The output's gradient, the output, the dimension and the input's dtype."""
    shape, dtype = draw(shapes()), draw(dtypes)
    gradient, out = draw(of(shape, dtype)), draw(of(shape, dtype))
    return (gradient, out, draw(dimension(out)), dtype), {}


def dimension(x):
    """A dimension of x, counted from either end; a tensor of none has one all the same."""
    n = max(1, x.dim())
    return st.integers(-n, n - 1)


ARGUMENTS = {
    "_softmax.default": along((False,)),
    "_log_softmax.default": along((False,)),
    "_safe_softmax.default": along(),
    "_softmax_backward_data.default": backward(),
    "_log_softmax_backward_data.default": backward(),
}

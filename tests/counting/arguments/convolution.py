"""Arguments of convolutions."""

from hypothesis import strategies as st

from tests.counting.arguments.tensors import dtypes, of


@st.composite
def convolution(draw):
    """1 to 3 sides, grouped, strided, padded, dilated, transposed: every kind at once."""
    n = draw(st.integers(1, 3))

    def each(low, high):
        return [draw(st.integers(low, high)) for _ in range(n)]

    groups, inner, outer, batch = (draw(st.integers(1, 3)) for _ in range(4))
    transposed, dtype = draw(st.booleans()), draw(dtypes)
    kernel, stride, padding, dilation = each(1, 3), each(1, 2), each(0, 1), each(1, 2)
    extra = [
        draw(st.integers(0, max(s, d) - 1)) if transposed else 0
        for s, d in zip(stride, dilation, strict=True)
    ]
    x = draw(of((batch, groups * inner, *each(5, 7)), dtype))
    shape = (groups * inner, outer) if transposed else (groups * outer, inner)
    weight = draw(of((*shape, *kernel), dtype))
    bias = draw(of((groups * outer,), dtype)) if draw(st.booleans()) else None
    return (x, weight, bias, stride, padding, dilation, transposed, extra, groups), {}


ARGUMENTS = {"convolution.default": convolution()}

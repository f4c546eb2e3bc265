"""Arguments of pooling."""

from hypothesis import strategies as st

from tests.counting.arguments.tensors import dtypes, of, sides

pooled_sides = st.integers(3, 7)


@st.composite
def window(draw, dilated):
    """A map (N, C, H, W) or (C, H, W), and a window: one number or two for each of its measures."""
    planes = [draw(sides) for _ in range(draw(st.integers(1, 2)))]
    x = draw(of((*planes, draw(pooled_sides), draw(pooled_sides)), draw(dtypes)))

    def measure(low, high):
        return draw(st.lists(st.integers(low, high), min_size=1, max_size=2))

    kernel = measure(1, 3)
    stride = draw(st.one_of(st.just([]), st.lists(st.integers(1, 3), min_size=1, max_size=2)))
    padding = measure(0, min(kernel) // 2)
    dilation = [measure(1, 2)] if dilated else []
    given = (x, kernel, stride, padding, *dilation, draw(st.booleans()))
    return given[: draw(st.integers(2, len(given)))], {}


@st.composite
def adaptive(draw, n):
    """A map with n sides, and the sides that it is pooled to."""
    planes = [draw(sides) for _ in range(draw(st.integers(1, 2)))]
    x = draw(of((*planes, *(draw(pooled_sides) for _ in range(n))), draw(dtypes)))
    return (x, [draw(sides) for _ in range(n)]), {}


ARGUMENTS = {
    "avg_pool2d.default": window(dilated=False),
    "max_pool2d_with_indices.default": window(dilated=True),
    "_adaptive_avg_pool2d.default": adaptive(2),
    "_adaptive_avg_pool3d.default": adaptive(3),
    "adaptive_max_pool2d.default": adaptive(2),
}

"""Arguments of upsampling and of sampling at given places."""

from hypothesis import strategies as st

from tests.counting.arguments.tensors import dtypes, of, sides


@st.composite
def resized(draw, corners=False):
    """A map, its new height and width, and how many times that is, or nothing of it."""
    x = draw(of([draw(sides) for _ in range(4)], draw(dtypes)))
    size = [draw(sides), draw(sides)]
    scales = draw(
        st.sampled_from(((), (None, None), tuple(a / b for a, b in zip(size, x.shape[2:], strict=True))))
    )
    return (x, size, *[draw(st.booleans())] * corners, *scales), {}


@st.composite
def sampled(draw):
    """A map, a grid of places, and how to read between them."""
    n, c, h, w, up, along = (draw(sides) for _ in range(6))
    dtype = draw(dtypes)
    kinds = (draw(st.integers(0, 2)), draw(st.integers(0, 2)), draw(st.booleans()))
    return (draw(of((n, c, h, w), dtype)), draw(of((n, up, along, 2), dtype)), *kinds), {}


ARGUMENTS = {
    "upsample_nearest2d.default": resized(),
    "_upsample_nearest_exact2d.default": resized(),
    "upsample_bilinear2d.default": resized(corners=True),
    "grid_sampler_2d.default": sampled(),
}

"""Arguments of what moves elements."""

import torch
from hypothesis import strategies as st

from tests.counting.arguments.tensors import (
    any_dtype,
    broadcastable,
    call,
    dtypes,
    of,
    shapes,
    sides,
    tensors,
)

META = torch.device("meta")
x = tensors(dtype=any_dtype)
maps = tensors(shape=st.tuples(sides, st.sampled_from((1, 4, 8, 9, 36)), sides, sides), dtype=any_dtype)
formats = st.sampled_from((None, torch.preserve_format, torch.contiguous_format))
factory = {"device": META, "pin_memory": False}


@st.composite
def like(draw):
    """A tensor, and what the new one should have of its own."""
    choices = {
        "dtype": st.sampled_from((None, torch.float64)),
        "device": st.just(META),
        "memory_format": formats,
    }
    return (draw(x),), {name: draw(value) for name, value in choices.items() if draw(st.booleans())}


@st.composite
def clone(draw):
    """A tensor, and in what format."""
    return (draw(x),), ({"memory_format": draw(formats)} if draw(st.booleans()) else {})


@st.composite
def several(draw, stacked=False):
    """Tensors of one shape but for the side along which they are joined, mostly of one layout and dtype."""
    shape, dtype = draw(shapes(0 if stacked else 1)), draw(any_dtype)
    n = len(shape) + stacked
    dim = draw(st.integers(-n, n - 1))
    layout = draw(
        st.sampled_from((("contiguous",), ("channels last",), ("permuted", "sliced", "contiguous")))
    )
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        own = list(shape)
        if not stacked:
            own[dim] = draw(sides)
        parts.append(draw(of(own, dtype, layout)))
    if draw(st.integers(0, 5)) == 0:
        parts.append(torch.empty(parts[0].shape, dtype=draw(dtypes), device="meta"))
    return ((parts, dim) if dim or draw(st.booleans()) else (parts,)), {}


@st.composite
def windows(draw):
    """Kernel, dilation, padding and stride of unfold, for a map of at least 5 x 5."""
    return tuple(
        [draw(st.integers(low, high)) for _ in range(2)] for low, high in ((1, 3), (1, 2), (0, 2), (1, 3))
    )


@st.composite
def unfolded(draw):
    """A map and windows over it."""
    x = draw(of((*draw(shapes(1, 2)), draw(st.integers(5, 8)), draw(st.integers(5, 8))), draw(dtypes)))
    return (x, *draw(windows())), {}


@st.composite
def folded(draw):
    """The windows of a map, back to it."""
    given = draw(windows())
    size = [draw(st.integers(5, 8)), draw(st.integers(5, 8))]
    kernel, dilation, padding, stride = given
    positions = 1
    for side, k, d, p, s in zip(size, kernel, dilation, padding, stride, strict=True):
        positions *= (side + 2 * p - d * (k - 1) - 1) // s + 1
    batch = draw(st.sampled_from(((), (1,), (3,))))
    columns = draw(of((*batch, draw(sides) * kernel[0] * kernel[1], positions), draw(dtypes)))
    return (columns, size, *given), {}


@st.composite
def padded(draw):
    """Paddings, some of them negative, from the last side on."""
    x = draw(tensors(dtype=any_dtype, shape=shapes(1, side=st.integers(2, 4))))
    n = draw(st.integers(0, x.dim()))
    return (x, [draw(st.integers(-1, 2)) for _ in range(2 * n)], *[0.0] * draw(st.integers(0, 1))), {}


@st.composite
def reflected(draw):
    """Four paddings, each less than its side."""
    x = draw(of((*draw(shapes(1, 2)), draw(st.integers(3, 5)), draw(st.integers(3, 5))), draw(dtypes)))
    return (x, [draw(st.integers(0, 2)) for _ in range(4)]), {}


@st.composite
def gathered(draw):
    """A tensor, a side of it, and as many places as there are to be elements, no side but this one longer
    than its own."""
    x = draw(tensors(dtype=any_dtype, shape=shapes(1)))
    dim = draw(st.integers(-x.dim(), x.dim() - 1))
    shape = [draw(st.integers(1, side)) for side in x.shape]
    shape[dim] = draw(sides)
    return (x, dim, draw(of(shape, torch.int64))), {}


@st.composite
def indexed(draw):
    """A tensor and index tensors that broadcast, for some of its sides; one of them boolean now and then."""
    x = draw(tensors(dtype=any_dtype, shape=shapes(1, 4)))
    places = draw(st.lists(st.integers(0, x.dim() - 1), min_size=1, max_size=min(3, x.dim()), unique=True))
    kind = torch.int32 if draw(st.integers(0, 7)) == 0 else torch.int64
    found = draw(broadcastable(len(places), dtype=st.just(kind), mixed=False))
    indices = [None] * (max(places) + 1)
    for place, index in zip(places, found, strict=True):
        indices[place] = index
    return (x, indices), {}


@st.composite
def turned(draw, rolled):
    """A tensor and some of its sides: by how much to roll each, or those to reverse."""
    found = draw(x)
    dims = draw(st.lists(st.integers(0, max(0, found.dim() - 1)), unique=True, max_size=found.dim()))
    if not rolled:
        return (found, dims), {}
    shifts = [draw(st.integers(-3, 3)) for _ in dims or [0]]
    return (found, shifts, dims), {}


numbers = st.integers(-3, 9)
steps = st.sampled_from((1, 2, 3, -1, 0.5))
dtype_of = st.sampled_from((None, torch.float32, torch.int64, torch.float16))
ends = {"Tensor": st.just(torch.zeros(())), "Scalar": st.just(2.0)}
bounds = st.sampled_from((0, 2, 0.5, -1.0))

ARGUMENTS = {
    "clone.default": clone(),
    **{f"{name}_like.default": like() for name in ("empty", "zeros", "ones")},
    "cat.default": several(),
    "stack.default": several(stacked=True),
    "im2col.default": unfolded(),
    "col2im.default": folded(),
    "constant_pad_nd.default": padded(),
    "reflection_pad2d.default": reflected(),
    "gather.default": gathered(),
    "index.Tensor": indexed(),
    "repeat.default": call(x, st.lists(st.integers(0, 3), max_size=6)),
    "pixel_shuffle.default": call(maps, st.integers(0, 3)),
    "roll.default": turned(rolled=True),
    "flip.default": turned(rolled=False),
    "arange.default": call(st.sampled_from((0, 1, 7, 2.5)), dtype=dtype_of, **factory),
    "arange.start": call(numbers, numbers.map(lambda n: n + 9), dtype=dtype_of, **factory),
    "arange.start_step": st.one_of(
        call(numbers, numbers, steps, dtype=dtype_of, **factory),
        call(numbers, numbers, dtype=dtype_of, **factory),
    ),
    "linspace.default": call(
        bounds, bounds, st.integers(0, 9), dtype=st.sampled_from((None, *[torch.float64])), **factory
    ),
    **{
        f"linspace.{first}_{last}": call(ends[first], ends[last], st.integers(0, 9), **factory)
        for first, last in (("Tensor", "Tensor"), ("Tensor", "Scalar"), ("Scalar", "Tensor"))
    },
    "eye.default": call(sides, dtype=dtype_of, **factory),
    "eye.m": call(sides, sides, dtype=dtype_of, **factory),
}

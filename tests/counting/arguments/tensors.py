"""Meta tensors of random shape, dtype and layout, and the same tensors on the CPU."""

from functools import cache

import torch
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
DTYPES = (*FLOATS, torch.int64, torch.bool)
LAYOUTS = ("contiguous", "contiguous", "permuted", "channels last", "sliced", "expanded", "all at once")

dtypes = st.sampled_from(FLOATS)
any_dtype = st.sampled_from((*FLOATS, *DTYPES))  # twice as many fractions as the rest
sides = st.integers(1, 4)
numbers = st.sampled_from((0.5, 2, 3.0, True))


def shapes(least=0, most=5, side=sides):
    """Shapes of ``least`` to ``most`` sides."""
    return st.lists(side, min_size=least, max_size=most).map(tuple)


# A strategy that is made anew for every draw costs more than the draw.
_any_of = cache(st.sampled_from)


@cache
def _orders(length):
    return st.permutations(range(length))


@cache
def _shapes_that_broadcast(count):
    return mutually_broadcastable_shapes(num_shapes=count, max_dims=4, min_side=1, max_side=4)


@st.composite
def of(draw, shape, dtype=torch.float32, layouts=LAYOUTS):
    """A meta tensor of ``shape`` in a random layout: dimensions in another order, with holes, expanded, or
    all of these."""
    shape = tuple(shape)
    layout = draw(_any_of(layouts))
    order = list(range(len(shape)))  # slowest first
    if layout == "channels last" and len(shape) > 2:
        order = [0, *order[2:], 1]
    elif layout in ("permuted", "all at once"):
        order = draw(_orders(len(shape)))
    strides, step = [0] * len(shape), 1
    for d in reversed(order):
        if layout in ("sliced", "all at once") and draw(st.booleans()):
            step *= 2
        if layout not in ("expanded", "all at once") or not draw(st.booleans()):
            strides[d] = step
            step *= shape[d]
    return torch.empty_strided(shape, strides, dtype=dtype, device="meta")


_ANY_SHAPE = shapes()


@st.composite
def tensors(draw, shape=_ANY_SHAPE, dtype=dtypes):
    """A meta tensor; ``shape`` a strategy or a shape, ``dtype`` a strategy or a dtype."""
    shape = draw(shape) if isinstance(shape, st.SearchStrategy) else shape
    return draw(of(shape, draw(dtype) if isinstance(dtype, st.SearchStrategy) else dtype))


@st.composite
def broadcastable(draw, count=2, dtype=any_dtype, mixed=True):
    """``count`` meta tensors that broadcast together, mostly of one dtype. mixed: now and then of several."""
    found = draw(_shapes_that_broadcast(count))
    chosen = [draw(dtype)] * count
    if mixed and draw(st.integers(0, 3)) == 0:
        chosen = [draw(dtype) for _ in range(count)]
    if draw(st.booleans()):  # the same strides, too
        x = draw(of(found.result_shape, chosen[0]))
        return [torch.empty_strided(x.shape, x.stride(), dtype=each, device="meta") for each in chosen]
    return [draw(of(shape, each)) for shape, each in zip(found.input_shapes, chosen, strict=True)]


def call(*args, **kwargs):
    """Arguments by place and by name, each a strategy or a value."""
    return st.tuples(
        st.tuples(*map(_strategy, args)),
        st.fixed_dictionaries({name: _strategy(v) for name, v in kwargs.items()}),
    )


def _strategy(value):
    return value if isinstance(value, st.SearchStrategy) else st.just(value)


@st.composite
def with_spoiled(draw, arguments):
    """Arguments, and the same once more but for one tensor that, most likely, does not go with the others."""
    args, by_name = draw(arguments)
    return (args, by_name), (_spoiled(draw, args), by_name)


def _spoiled(draw, args):
    places = [(i,) for i, a in enumerate(args) if isinstance(a, torch.Tensor)]
    places += [
        (i, j) for i, a in enumerate(args) if isinstance(a, list) for j, b in enumerate(a) if b is not None
    ]
    places = [place for place in places if isinstance(_at(args, place), torch.Tensor)]
    if not places:
        return args
    place = draw(_any_of(tuple(places)))
    old = _at(args, place)
    dtype = draw(any_dtype) if draw(st.booleans()) else old.dtype
    return _put(args, place, draw(of(_another_shape(draw, old.shape), dtype)))


def _another_shape(draw, shape):
    """Any, the same, or its sides in another order."""
    kind = draw(_any_of(("any", "same", "permuted")))
    if kind == "any":
        return draw(_ANY_SHAPE)
    return [shape[d] for d in draw(_orders(len(shape)))] if kind == "permuted" else shape


def _at(values, place):
    return _at(values[place[0]], place[1:]) if place else values


def _put(values, place, new):
    if not place:
        return new
    return type(values)(_put(old, place[1:], new) if i == place[0] else old for i, old in enumerate(values))


def on_cpu(value):
    """The same tensor on the CPU, full of zeros; of a list its parts; anything else as it is."""
    if isinstance(value, torch.Tensor):
        return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype).zero_()
    if isinstance(value, list | tuple):
        return type(value)(on_cpu(part) for part in value)
    return torch.device("cpu") if value == torch.device("meta") else value

"""Arguments of reductions."""

import torch
from hypothesis import strategies as st

from tests.counting.arguments.tensors import any_dtype, call, shapes, tensors

x = tensors(dtype=any_dtype)


@st.composite
def dims_of(draw, n):
    """Some dimensions of n: an empty list stands for all."""
    found = draw(st.lists(st.integers(0, max(0, n - 1)), unique=True, max_size=n))
    return [d - n if draw(st.booleans()) else d for d in found]


@st.composite
def over_dims(draw, *before, missing=False, **by_name):
    """A tensor, ``before``, dimensions (None too where they may be missing), and whether they are kept."""
    found = draw(x)
    dims = draw(st.one_of(st.none(), dims_of(found.dim())) if missing else dims_of(found.dim()))
    args = (found, *before, dims) if draw(st.booleans()) else (found, *before, dims, draw(st.booleans()))
    return args, {name: draw(value) for name, value in by_name.items() if draw(st.booleans())}


@st.composite
def corrected(draw):
    """Arguments of var and its kin: all but the first by default, or by name."""
    found = draw(x)
    args = draw(st.sampled_from(((found,), (found, None), (found, draw(dims_of(found.dim()))))))
    by_name = {"correction": st.sampled_from((0, 1, 0.5)), "keepdim": st.booleans()}
    return args, {name: draw(value) for name, value in by_name.items() if draw(st.booleans())}


@st.composite
def top(draw):
    """A tensor, and how many of its largest along which side."""
    found = draw(tensors(dtype=any_dtype, shape=shapes(1)))
    dim = draw(st.integers(-found.dim(), found.dim() - 1))
    k = draw(st.integers(0, found.shape[dim]))
    return ((found, k, dim) if dim != -1 or draw(st.booleans()) else (found, k)), {}


to = st.sampled_from((None, torch.float64, torch.float32))
ARGUMENTS = {
    "sum.default": st.one_of(call(x), call(x, dtype=to)),
    "sum.dim_IntList": over_dims(missing=True, dtype=to),
    "mean.default": st.one_of(call(x), call(x, dtype=to)),
    "mean.dim": over_dims(missing=True, dtype=to),
    "amax.default": over_dims(),
    "amin.default": over_dims(),
    "linalg_vector_norm.default": st.one_of(over_dims(2, missing=True, dtype=to), call(x), call(x, 1)),
    **{f"{name}.correction": corrected() for name in ("var", "std", "var_mean", "std_mean")},
    "topk.default": top(),
}

"""Arguments of matrix products."""

import torch
from hypothesis import strategies as st

from tests.counting.arguments.tensors import any_dtype, of, sides


@st.composite
def product(draw, batched=False, added=False, to=False):
    """(b, n, k) times (b, k, m), the b only where batched; before them what is added, after them a dtype to
    convert to."""
    b, n, k, m = (draw(sides) for _ in range(4))
    dtype = draw(any_dtype)
    batch = (b,) * batched
    args = [draw(of((*batch, n, k), dtype)), draw(of((*batch, k, m), dtype))]
    if added:
        shape = draw(st.sampled_from(((*batch, n, m), (n, m), (m,), (1, m), (n, 1), ())))
        args.insert(0, draw(of(shape, dtype)))
    scaled = {"beta": draw(st.sampled_from((0, 1))), "alpha": 0.5} if added and draw(st.booleans()) else {}
    return (*args, *[torch.float32] * to), scaled


@st.composite
def groups(draw):
    """Tokens and where each group of them ends, a matrix for each group; or groups of both, all as long."""
    count, tokens, k, m = (draw(sides) for _ in range(4))
    contiguous = ("contiguous",)
    matrices = draw(of((count, 8 * k, 8 * m), torch.bfloat16, contiguous))
    if draw(st.booleans()):
        return (draw(of((count, tokens, 8 * k), torch.bfloat16, contiguous)), matrices), {}
    ends = draw(of((count,), torch.int32, contiguous))
    return (draw(of((tokens, 8 * k), torch.bfloat16, contiguous)), matrices, ends), {}


ARGUMENTS = {
    "_grouped_mm.default": groups(),
    "mm.default": product(),
    "bmm.default": product(batched=True),
    "addmm.default": product(added=True),
    "baddbmm.default": product(batched=True, added=True),
    "mm.dtype": product(to=True),
    "bmm.dtype": product(batched=True, to=True),
    "addmm.dtype": product(added=True, to=True),
    "baddbmm.dtype": product(batched=True, added=True, to=True),
}

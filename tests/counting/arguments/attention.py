"""Arguments of attention as one operator."""

from hypothesis import strategies as st

from tests.counting.arguments.tensors import dtypes, of, sides


@st.composite
def attention(draw):
    """Queries, keys and values (N, heads, tokens, width) in any layout whose last side is dense; a mask now
    and then."""
    n, heads, queries, keys, width = (draw(sides) for _ in range(5))
    dtype = draw(dtypes)
    q, k, v = (draw(projected(n, heads, tokens, width, dtype)) for tokens in (queries, keys, keys))
    mask = draw(of((n, 1, queries, keys), dtype, ("contiguous",))) if draw(st.booleans()) else None
    return (q, k, v, 0.0, mask is None and draw(st.booleans())), {"attn_mask": mask}


@st.composite
def projected(draw, n, heads, tokens, width, dtype):
    """As a module makes it: in place, or split off (N, tokens, heads, width), with or without its two
    neighbours."""
    layout = draw(st.sampled_from(("plain", "split", "packed")))
    if layout == "plain":
        return draw(of((n, heads, tokens, width), dtype, ("contiguous",)))
    several = draw(of((n, tokens, 3 if layout == "packed" else 1, heads, width), dtype, ("contiguous",)))
    return several[:, :, -1].transpose(1, 2)


ARGUMENTS = {"_scaled_dot_product_flash_attention_for_cpu.default": attention()}

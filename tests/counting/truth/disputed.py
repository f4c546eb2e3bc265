"""Where the counter and the hand differ, and why: (what is compared, network) to the reason. A strict expected failure."""

OVERWRITTEN = "copy_, bernoulli_, new_zeros and their like do not read what they write over or take their shape from"
SUM = "autograd adds to a gradient in place only where it alone holds it: not to the one given, not to a view"
SCATTER = "autograd scatters into its zeros in place; under a dispatch mode torch does not"
NOT_FUSED = "torch switches function modes off inside nn.MultiheadAttention, so its attention is not fused"
MASK = "torch makes a mask of booleans into numbers by where(mask, 0, -inf)"
BILINEAR = "nn.Bilinear adds its bias out of place, as an operator of its own"
WINDOWS = "of a view of windows that overlap only the elements that exist count"
MISH = "torch takes mish's backward apart on meta, and nowhere else"
SCRATCH = "what a kernel takes for itself is no storage of an operator"

FORWARD, BACKWARD, BYTES, FORWARD_PEAK, BACKWARD_PEAK = "forward", "backward", "bytes", "forward peak", "backward peak"

DISPUTED = {
    **{
        (BYTES, name): OVERWRITTEN
        for name in (
            "linear on the tokens of a map",
            "W @ x, broadcast over a batch of 2",
            "matrix times vector, and a bias",
            "einsum with a matrix",
            "logits of two heads by einsum",
            "fused attention on (N, heads, L, E)",
            "fused attention, causal",
            "fused attention with an additive mask",
            "fused attention in float16",
            "multi-head attention with weights",
            "multi-head attention with weights, training",
            "sum",
            "maximum over channels",
            "topk",
            "sort",
            "identity",
            "gather",
            "indexing",
            "index_select",
            "embedding of positions",
            "dropout, training",
            "dropout of channels, training",
            "global filter of frequencies",
            "real part of a complex transform",
        )
    },
    **{
        (what, name): NOT_FUSED
        for what in (FORWARD, BACKWARD, BYTES, FORWARD_PEAK, BACKWARD_PEAK)
        for name in ("multi-head attention", "multi-head attention, training")
    },
    **{
        (BACKWARD_PEAK, name): SUM
        for name in (
            "residual",
            "bilinear layer",
            "attention by matmul, scaled",
            "attention by einsum",
            "logits of two heads by einsum",
        )
    },
    **{
        (BACKWARD_PEAK, name): SCATTER
        for name in ("maximum over channels", "topk", "sort", "gather", "indexing", "index_select")
    },
    (BYTES, "fused attention with a mask of booleans"): MASK,
    (FORWARD, "bilinear layer"): BILINEAR,
    (BACKWARD, "bilinear layer"): BILINEAR,
    (FORWARD_PEAK, "bilinear layer"): BILINEAR,
    (BYTES, "windows as a view"): WINDOWS,
    (BACKWARD, "mish"): MISH,
    (BYTES, "mish"): MISH,
    (BACKWARD_PEAK, "mish"): MISH,
    (FORWARD_PEAK, "BatchNorm"): SCRATCH,
}

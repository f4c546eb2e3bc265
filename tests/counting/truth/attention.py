"""Attention by every route.

Words below: T = 3 tokens of E = 4, batch 2; logits 2 * 3 * 3 = 18 in 6 rows of 3. A softmax of a row of 3 is
4 * 3 - 2 operations and 3 exp; its backward 4 * 3 - 1.
"""

from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from tests.counting.truth.table import BOOL, F16, F32, Does, Pass, Truth, weight

TOKENS = (2, 3, 4)
HEADS = (2, 2, 3, 4)  # 2 heads: 48 elements, 36 logits in 12 rows

# q k^T, softmax, times v, all of them x. The products read x and its transpose: two tensors.
# Backward: p^T g, g v^T, softmax, q^T s, s k; the three gradients of x meet in two additions.
# Peak of backward: output, gradient of v, of the logits, of k, of q. The additions reuse what they add to;
# where a product was a matmul or an einsum it is a view of one, which autograd does not add to in place:
# output, three gradients, a sum.
REUSED, SUMMED = F32 * (24 + 24 + 18 + 24 + 24), F32 * (24 + 3 * 24 + 24)
PLAIN = {
    "forward": Pass(
        macs=2 * (18 * 4),
        softmax=6 * (4 * 3 - 2),
        transcendental=18,
        moved=F32 * ((24 + 24 + 18) + (18 + 18) + (18 + 24 + 24)),
        peak=F32 * (18 + 24),  # weights and output
    ),
    "backward": Pass(
        macs=4 * (18 * 4),
        softmax=6 * (4 * 3 - 1),
        pointwise=2 * 24,
        moved=F32
        * ((18 + 24 + 24) + (24 + 24 + 18) + 3 * 18 + (24 + 18 + 24) + (18 + 24 + 24) + 2 * (3 * 24)),
        peak=REUSED,
    ),
}


def fused(scale_and_mask: int, mask_bytes: int, before: Pass, size: int = F32) -> dict[str, Pass]:
    """Scaled dot product attention in one operator on a tensor that is query, key and value, and so is read
    once.

    It writes the output and a logarithm (float32) per row. Backward computes the logits again (five products)
    and the sum of g * out per row of width 4; gradients of query, key and value meet in two additions, and
    the result is copied into the input's layout. before: what is done to the mask first. Backward's peak:
    output, logarithms, 3 gradients.
    """
    return {
        "forward": Pass(
            macs=2 * (36 * 4),
            pointwise=scale_and_mask * 36 + before.pointwise,
            softmax=12 * (4 * 3 - 2),
            transcendental=36,
            moved=size * (48 + 48) + F32 * 12 + mask_bytes + before.moved,
            peak=size * 48 + F32 * 12 + before.peak,
        ),
        "backward": Pass(
            macs=5 * (36 * 4),
            pointwise=2 * 36 + 12 * 4 + 2 * 48,
            softmax=3 * 36,
            transcendental=36,
            reduction=12 * (4 - 1),
            moved=size * ((48 + 48 + 48) + 3 * 48 + 2 * (3 * 48) + (48 + 48)) + F32 * 12 + mask_bytes,
            peak=size * (48 + 3 * 48) + F32 * 12 + before.peak,
        ),
    }


NOTHING = Pass()


def chunked(_: Any, x: torch.Tensor) -> torch.Tensor:
    query, key, value = x.unflatten(2, (3, 2, 4)).permute(2, 0, 3, 1, 4)
    return F.scaled_dot_product_attention(query, key, value)


def mha(need_weights: bool) -> Any:
    return lambda: Does(
        lambda m, x: m.attention(x, x, x, need_weights=need_weights)[0],
        attention=nn.MultiheadAttention(4, 2, batch_first=True),
    )


# nn.MultiheadAttention of 2 heads of width 2 on 6 tokens: copy them to (L, N, E), one product with the packed
# projection (6 x 4 x 12), its bias added in place, a copy that puts q, k, v apart; ...; the projection out is
# an addmm.
PROJECT_IN = F32 * ((24 + 24) + (24 + 48 + 72) + (72 + 12 + 72) + (72 + 72))
PROJECT_OUT = F32 * (4 + 24 + 16 + 24)
MHA_PARAMS = 12 * 4 + 12 + 4 * 4 + 4

# Backward of the projection out: g W, g^T x, sum. Of the projection in: each of dq, dk, dv (24) is set into
# zeros of all three (72), two additions, a copy to (L, N, 3 E), the bias's sum, two products, a copy into the
# input's layout.
MHA_OUT_BACK = F32 * ((24 + 16 + 24) + (24 + 24 + 16) + (24 + 4))
MHA_IN_BACK = F32 * (
    3 * (24 + 72) + 2 * (3 * 72) + (72 + 72) + (72 + 12) + (72 + 24 + 48) + (72 + 48 + 24) + (24 + 24)
)

MHA_FUSED = {
    # logits: 4 matrices of 3 x 3, products of width 2
    "forward": Pass(
        macs=6 * 4 * 12 + 2 * (36 * 2) + 6 * 4 * 4,
        bias=72 + 24,
        pointwise=36,
        softmax=12 * (4 * 3 - 2),
        transcendental=36,
        moved=PROJECT_IN + F32 * (3 * 24 + 24 + 12) + PROJECT_OUT,
        peak=F32 * (72 + 72),  # the projections and their copy
    ),
    # dq, dk, dv are copied twice on their way from heads to tokens
    "backward": Pass(
        macs=2 * (6 * 4 * 4) + 5 * (36 * 2) + 2 * (6 * 4 * 12),
        pointwise=2 * 36 + 12 * 2 + 2 * 72,
        softmax=3 * 36,
        transcendental=36,
        reduction=(24 - 4) + 12 * (2 - 1) + (72 - 12),
        moved=MHA_OUT_BACK + F32 * ((24 + 3 * 24 + 24 + 12) + 3 * 24 + 6 * (24 + 24)) + MHA_IN_BACK,
        # output, copied input, q k v, attention's output and logarithms, its gradient, those of projection
        # out, dq dk dv
        peak=F32 * (24 + 24 + 72 + (24 + 12) + 24 + (16 + 4) + 3 * 24),
    ),
}
MHA_WEIGHTS = {
    # q is scaled (24); the heads' weights are averaged at the end: 36 to 18
    "forward": Pass(
        macs=6 * 4 * 12 + 2 * (36 * 2) + 6 * 4 * 4,
        bias=72 + 24,
        pointwise=24,
        softmax=12 * (4 * 3 - 2),
        transcendental=36,
        reduction=(36 - 18) + 18,
        moved=PROJECT_IN
        + F32 * ((24 + 24) + (24 + 24 + 36) + (36 + 36) + (36 + 24 + 24) + (24 + 24))
        + PROJECT_OUT
        + F32 * (36 + 18),
        peak=F32 * (72 + 36 + 24 + 24),  # q k v, weights, heads' output and its copy
    ),
    # dv and dq are copied from heads to tokens, dk needs none; nobody asks for the weights' gradient
    "backward": Pass(
        macs=2 * (6 * 4 * 4) + 4 * (36 * 2) + 2 * (6 * 4 * 12),
        pointwise=24 + 2 * 72,
        softmax=12 * (4 * 3 - 1),
        reduction=(24 - 4) + (72 - 12),
        moved=MHA_OUT_BACK
        + F32
        * (
            (36 + 24 + 24)
            + (24 + 24 + 36)
            + 3 * 36
            + (24 + 36 + 24)
            + (36 + 24 + 24)
            + (24 + 24)
            + 2 * (24 + 24)
        )
        + MHA_IN_BACK,
        # output, copied input, q k v, scaled q, weights, those of projection out, dv, dweights, dlogits
        peak=F32 * (24 + 24 + 72 + 24 + 36 + (16 + 4) + 24 + 36 + 36),
    ),
}

TRUTHS = [
    Truth(
        # One multiplication of the logits more than PLAIN; its backward too.
        "attention by matmul, scaled",
        lambda: Does(lambda m, x: torch.softmax(x @ x.transpose(1, 2) * 0.5, -1) @ x),
        TOKENS,
        TOKENS,
        forward=Pass(
            macs=2 * (18 * 4),
            pointwise=18,
            softmax=6 * (4 * 3 - 2),
            transcendental=18,
            moved=F32 * ((24 + 24 + 18) + (18 + 18) + (18 + 18) + (18 + 24 + 24)),
            peak=F32 * (18 + 24),
        ),
        backward=Pass(
            macs=4 * (18 * 4),
            softmax=6 * (4 * 3 - 1),
            pointwise=18 + 2 * 24,
            moved=F32
            * (
                (18 + 24 + 24)
                + (24 + 24 + 18)
                + 3 * 18
                + 2 * 18
                + (24 + 18 + 24)
                + (18 + 24 + 24)
                + 2 * (3 * 24)
            ),
            peak=SUMMED,
        ),
    ),
    Truth(
        "attention by bmm",
        lambda: Does(lambda m, x: torch.bmm(torch.bmm(x, x.transpose(1, 2)).softmax(-1), x)),
        TOKENS,
        TOKENS,
        **PLAIN,
    ),
    Truth(
        "attention by einsum",
        lambda: Does(
            lambda m, x: torch.einsum("bnm,bmc->bnc", torch.einsum("bnc,bmc->bnm", x, x).softmax(-1), x)
        ),
        TOKENS,
        TOKENS,
        forward=PLAIN["forward"],
        backward=replace(PLAIN["backward"], peak=SUMMED),
    ),
    Truth(
        # 4 products of 3 x 4 with 4 x 3. Backward's sum has the layout of the transposed one: copied.
        "logits of two heads by einsum",
        lambda: Does(lambda m, x: torch.einsum("bhnd,bhmd->bhnm", x, x)),
        HEADS,
        (2, 2, 3, 3),
        forward=Pass(macs=36 * 4, moved=F32 * (48 + 48 + 36), peak=F32 * 36),
        backward=Pass(
            macs=2 * (36 * 4),
            pointwise=48,
            moved=F32 * ((48 + 36 + 48) + (36 + 48 + 48) + 3 * 48 + (48 + 48)),
            peak=F32 * (36 + 48 + 48 + 48),  # output, both gradients (views), their sum
        ),
    ),
    Truth(
        # A position bias (1 x 3 x 3) shared by the batch: its gradient is a sum over it.
        "logits by baddbmm, with a position bias",
        lambda: Does(lambda m, x: torch.baddbmm(m.b, x, x.transpose(1, 2)), b=weight(1, 3, 3)),
        TOKENS,
        (2, 3, 3),
        params=9,
        forward=Pass(macs=18 * 4, bias=18, moved=F32 * (9 + 24 + 24 + 18), peak=F32 * 18),
        backward=Pass(
            macs=2 * (18 * 4),
            pointwise=24,
            reduction=18 - 9,
            moved=F32 * ((18 + 24 + 24) + (24 + 18 + 24) + (18 + 9) + 3 * 24),
            peak=F32 * (18 + 24 + 24 + 9),
        ),
    ),
    Truth(
        "fused attention on (N, heads, L, E)",
        lambda: Does(lambda m, x: F.scaled_dot_product_attention(x, x, x)),
        HEADS,
        HEADS,
        **fused(1, 0, NOTHING),
    ),
    Truth(
        "fused attention, causal",  # the whole square is computed
        lambda: Does(lambda m, x: F.scaled_dot_product_attention(x, x, x, is_causal=True)),
        HEADS,
        HEADS,
        **fused(1, 0, NOTHING),
    ),
    Truth(
        # one addition more per logit; the mask (3 x 3) is read, backward too
        "fused attention with an additive mask",
        lambda: Does(
            lambda m, x: F.scaled_dot_product_attention(x, x, x, attn_mask=m.mask),
            mask=nn.Buffer(torch.zeros(3, 3)),
        ),
        HEADS,
        HEADS,
        buffers=9,
        **fused(2, F32 * 9, NOTHING),
    ),
    Truth(
        # The mask becomes numbers first: where(mask, 0, -inf) of two scalars that are written before.
        "fused attention with a mask of booleans",
        lambda: Does(
            lambda m, x: F.scaled_dot_product_attention(x, x, x, attn_mask=m.mask),
            mask=nn.Buffer(torch.ones(3, 3, dtype=torch.bool)),
        ),
        HEADS,
        HEADS,
        **fused(
            2,
            F32 * 9,
            Pass(pointwise=9, moved=F32 * 1 + F32 * 1 + (BOOL * 9 + F32 * (1 + 1 + 9)), peak=F32 * 9),
        ),
    ),
    Truth(
        "fused attention in float16",  # the logarithms stay float32
        lambda: Does(lambda m, x: F.scaled_dot_product_attention(x, x, x)),
        HEADS,
        HEADS,
        dtype=torch.float16,
        **fused(1, 0, NOTHING, size=F16),
    ),
    Truth(
        # q, k, v are three views of one projection in the order (N, L, 3, heads, E). Backward stacks their
        # gradients and copies the stack into the order of the input.
        "fused attention on permuted views",
        lambda: Does(chunked),
        (2, 3, 24),
        HEADS,
        forward=Pass(
            macs=2 * (36 * 4),
            pointwise=36,
            softmax=12 * (4 * 3 - 2),
            transcendental=36,
            moved=F32 * (3 * 48 + 48 + 12),
            peak=F32 * (48 + 12),
        ),
        backward=Pass(
            macs=5 * (36 * 4),
            pointwise=2 * 36 + 12 * 4,
            softmax=3 * 36,
            transcendental=36,
            reduction=12 * (4 - 1),
            moved=F32 * ((48 + 3 * 48 + 48 + 12) + 3 * 48 + (144 + 144) + (144 + 144)),
            peak=F32 * (48 + 144 + 144),  # output, the three, the stack; then output, the stack, its copy
        ),
    ),
    Truth(
        # No kernel takes three sides, so it runs as products: q and k^T are each multiplied by the root of
        # the scale.
        "scaled dot product attention on (N, L, E)",
        lambda: Does(lambda m, x: F.scaled_dot_product_attention(x, x, x)),
        TOKENS,
        TOKENS,
        forward=Pass(
            macs=2 * (18 * 4),
            pointwise=24 + 24,
            softmax=6 * (4 * 3 - 2),
            transcendental=18,
            moved=F32 * ((24 + 24) + (24 + 24) + (24 + 24 + 18) + (18 + 18) + (18 + 24 + 24)),
            peak=F32 * (24 + 24 + 18),  # scaled q, scaled k, logits; later scaled q, weights, output
        ),
        backward=Pass(
            macs=4 * (18 * 4),
            pointwise=2 * 24 + 2 * 24,
            softmax=6 * (4 * 3 - 1),
            moved=F32
            * (
                ((18 + 24 + 24) + (24 + 24 + 18) + 3 * 18 + (24 + 18 + 24) + (18 + 24 + 24))
                + 2 * (24 + 24)
                + 2 * (3 * 24)
            ),
            peak=F32 * (24 + 24 + 24 + 24 + 18 + 24 + 24),  # output, scaled q and k, dv, dlogits, dk, dq
        ),
    ),
    Truth("multi-head attention", mha(False), TOKENS, TOKENS, params=MHA_PARAMS, **MHA_FUSED),
    Truth(
        "multi-head attention, training",
        mha(False),
        TOKENS,
        TOKENS,
        params=MHA_PARAMS,
        train=True,
        **MHA_FUSED,
    ),
    Truth("multi-head attention with weights", mha(True), TOKENS, TOKENS, params=MHA_PARAMS, **MHA_WEIGHTS),
    Truth(
        "multi-head attention with weights, training",
        mha(True),
        TOKENS,
        TOKENS,
        params=MHA_PARAMS,
        train=True,
        **MHA_WEIGHTS,
    ),
]

"""Products that are no attention: linear layers, matrix-vector, broadcast matmul, einsum, the bilinear layer.

Backward of a matrix product is two products of the same number of MACs. Backward of a matrix-vector or dot
product makes the outer product by broadcast multiplication, which is pointwise.
"""

import torch
from torch import nn

from tests.counting.truth.table import F32, Does, Pass, Truth, weight

IN = (2, 4, 5)

TRUTHS = [
    Truth(
        # addmm. Backward: g W, g^T x, and the sum of g over the batch.
        "linear",
        lambda: nn.Linear(4, 6),
        (2, 4),
        (2, 6),
        params=6 * 4 + 6,
        forward=Pass(macs=2 * 6 * 4, bias=2 * 6, moved=F32 * (6 + 2 * 4 + 6 * 4 + 2 * 6), peak=F32 * 2 * 6),
        backward=Pass(
            macs=2 * (2 * 6 * 4),
            reduction=2 * 6 - 6,
            moved=F32 * ((12 + 24 + 8) + (12 + 8 + 24) + (12 + 6)),
            peak=F32 * (12 + 8 + 24 + 6),
        ),
    ),
    Truth(
        # Tokens that lie one behind the other are one matrix of 2 * 5 rows.
        "linear on tokens",
        lambda: nn.Linear(4, 6),
        (2, 5, 4),
        (2, 5, 6),
        params=6 * 4 + 6,
        forward=Pass(
            macs=10 * 6 * 4, bias=10 * 6, moved=F32 * (6 + 10 * 4 + 6 * 4 + 10 * 6), peak=F32 * 10 * 6
        ),
        backward=Pass(
            macs=2 * (10 * 6 * 4),
            reduction=10 * 6 - 6,
            moved=F32 * ((60 + 24 + 40) + (60 + 40 + 24) + (60 + 6)),
            peak=F32 * (60 + 40 + 24 + 6),
        ),
    ),
    Truth(
        # Tokens of a map lie across: copy them (30 x 4), mm, and the bias is added in place.
        # Backward: sum for the bias, two mm, and the input's gradient is copied into the layout of the input.
        "linear on the tokens of a map",
        lambda: Does(lambda m, x: m.linear(x.flatten(2).transpose(1, 2)), linear=nn.Linear(4, 6)),
        (2, 4, 3, 5),
        (2, 15, 6),
        params=6 * 4 + 6,
        forward=Pass(
            macs=30 * 6 * 4,
            bias=30 * 6,
            moved=F32 * ((120 + 120) + (120 + 24 + 180) + (180 + 6 + 180)),
            peak=F32 * (120 + 180),
        ),
        backward=Pass(
            macs=2 * (30 * 6 * 4),
            reduction=180 - 6,
            moved=F32 * ((180 + 6) + (180 + 120 + 24) + (180 + 24 + 120) + (120 + 120)),
            peak=F32 * (180 + 120 + 6 + 24 + 120),  # output, copied tokens, all gradients
        ),
    ),
    Truth(
        # x of 2 samples is folded to 10 rows by a copy; the product is turned back by another.
        "W @ x, broadcast over a batch of 2",
        lambda: Does(lambda m, x: m.w @ x, w=weight(3, 4)),
        IN,
        (2, 3, 5),
        params=3 * 4,
        forward=Pass(
            macs=2 * 3 * 5 * 4,
            moved=F32 * ((40 + 40) + (40 + 12 + 30) + (30 + 30)),
            peak=F32 * (40 + 30 + 30),
        ),
        # the gradient turned by a copy, two products, the input's gradient copied into the input's layout
        backward=Pass(
            macs=2 * (2 * 3 * 5 * 4),
            moved=F32 * ((30 + 30) + (30 + 40 + 12) + (30 + 12 + 40) + (40 + 40)),
            peak=F32 * (30 + 40 + 30 + 12 + 40),  # output, folded x, turned gradient, both gradients
        ),
    ),
    Truth(
        "tokens times a vector",
        lambda: Does(lambda m, x: x @ m.w, w=weight(5)),
        IN,
        (2, 4),
        params=5,
        forward=Pass(macs=8 * 5, moved=F32 * (40 + 5 + 8), peak=F32 * 8),
        backward=Pass(
            macs=8 * 5,
            pointwise=40,
            moved=F32 * ((8 + 5 + 40) + (40 + 8 + 5)),
            peak=F32 * (8 + 40 + 5),
        ),
    ),
    Truth(
        # Backward: outer product 4 x 5, x^T g, and the sample's gradient set into zeros of the input's shape.
        "matrix times vector",
        lambda: Does(lambda m, x: x[0] @ m.w, w=weight(5)),
        IN,
        (4,),
        params=5,
        forward=Pass(macs=4 * 5, moved=F32 * (20 + 5 + 4), peak=F32 * 4),
        backward=Pass(
            macs=4 * 5,
            pointwise=20,
            moved=F32 * ((4 + 5 + 20) + (20 + 4 + 5) + (20 + 40)),
            peak=F32 * (4 + 20 + 5 + 40),
        ),
    ),
    Truth(
        # As before, with a bias, whose gradient is a copy of the one given.
        "matrix times vector, and a bias",
        lambda: Does(lambda m, x: torch.addmv(m.b, x[0], m.w), w=weight(5), b=weight(4)),
        IN,
        (4,),
        params=5 + 4,
        forward=Pass(macs=4 * 5, bias=4, moved=F32 * (4 + 20 + 5 + 4), peak=F32 * 4),
        backward=Pass(
            macs=4 * 5,
            pointwise=20,
            moved=F32 * ((4 + 5 + 20) + (20 + 4 + 5) + (4 + 4) + (20 + 40)),
            peak=F32 * (4 + 20 + 5 + 4 + 40),
        ),
    ),
    Truth(
        # Backward: two multiplications by the one gradient; then 5 set into 4 x 5, and that into 2 x 4 x 5.
        "dot",
        lambda: Does(lambda m, x: torch.dot(x[0, 0], m.w), w=weight(5)),
        IN,
        (),
        params=5,
        forward=Pass(macs=5, moved=F32 * (5 + 5 + 1), peak=F32 * 1),
        backward=Pass(
            pointwise=5 + 5,
            moved=F32 * (2 * (1 + 5 + 5) + (5 + 20) + (20 + 40)),
            peak=F32 * (1 + 5 + 20 + 40),
        ),
    ),
    Truth(
        # A position wise product with a matrix is a 1x1 convolution; einsum copies the map to rows of
        # channels (60 x 4), backward copies both gradients into the layout of what they belong to.
        "einsum with a matrix",
        lambda: Does(lambda m, x: torch.einsum("nchw,oc->nohw", x, m.w), w=weight(3, 4)),
        (2, 4, 6, 5),
        (2, 3, 6, 5),
        params=3 * 4,
        forward=Pass(macs=60 * 3 * 4, moved=F32 * ((240 + 240) + (240 + 12 + 180)), peak=F32 * (240 + 180)),
        backward=Pass(
            macs=2 * (60 * 3 * 4),
            moved=F32 * ((240 + 180 + 12) + (180 + 12 + 240) + (12 + 12) + (240 + 240)),
            peak=F32 * (180 + 240 + 12 + 240),
        ),
    ),
    Truth(
        # out_k = sum_ij x_i W_kij y_j + b_k: for every (i, j, k) x_i * y_j and a MAC; the bias is an
        # addition. Backward: the bias's sum, three forms alike, y's gradient set into zeros (2 x 4), and x
        # meets it again.
        "bilinear layer",
        lambda: Does(lambda m, x: m.bilinear(x, x[:, :2]), bilinear=nn.Bilinear(4, 2, 3)),
        (2, 4),
        (2, 3),
        params=3 * 4 * 2 + 3,
        forward=Pass(
            macs=2 * 3 * 4 * 2,
            pointwise=2 * 3 * 4 * 2 + 6,
            moved=F32 * ((8 + 24 + 4 + 6) + (6 + 3 + 6)),
            peak=F32 * (6 + 6),
        ),
        backward=Pass(
            macs=3 * (2 * 3 * 4 * 2),
            pointwise=3 * (2 * 3 * 4 * 2) + 8,
            reduction=6 - 3,
            moved=F32
            * ((6 + 3) + (6 + 24 + 4 + 8) + (8 + 6 + 4 + 24) + (8 + 24 + 6 + 4) + (4 + 8) + (8 + 8 + 8)),
            # output, gradients of bias and W, x's by both ways and their sum: the first of them is a view,
            # which autograd does not add to in place
            peak=F32 * (6 + 3 + 24 + 8 + 8 + 8),
        ),
    ),
]

"""Activations, softmax, reductions and arithmetic on 2 x 4 maps of 6 x 5, with what autograd makes of
them."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.counting.truth.table import BOOL, F16, F32, I64, Does, Pass, Truth, weight

X = 2 * 4 * 6 * 5
IN = (2, 4, 6, 5)


def activation(name: str, function: Callable[[Tensor], Tensor], forward: str, backward: str) -> Truth:
    """One operator there, and one back that reads the gradient and either the input or the output."""
    return Truth(
        name,
        lambda: Does(lambda m, x: function(x)),
        IN,
        IN,
        forward=Pass(moved=F32 * (X + X), peak=F32 * X, **{forward: X}),
        backward=Pass(moved=F32 * (X + X + X), peak=F32 * (X + X), **{backward: X}),
    )


ACTIVATIONS = [
    activation("relu", F.relu, "pointwise", "pointwise"),
    activation("relu6", F.relu6, "pointwise", "pointwise"),
    activation("leaky relu", F.leaky_relu, "pointwise", "pointwise"),
    activation("hard swish", F.hardswish, "pointwise", "pointwise"),
    activation("hard sigmoid", F.hardsigmoid, "pointwise", "pointwise"),
    activation("sigmoid", torch.sigmoid, "transcendental", "pointwise"),
    activation("tanh", torch.tanh, "transcendental", "pointwise"),
    activation("elu", F.elu, "transcendental", "pointwise"),
    activation("gelu", F.gelu, "transcendental", "transcendental"),
    activation("silu", F.silu, "transcendental", "transcendental"),
    activation("mish", F.mish, "transcendental", "transcendental"),
    activation("softplus", F.softplus, "transcendental", "transcendental"),
    activation("exp", torch.exp, "transcendental", "pointwise"),  # back: g * y
    activation("log", torch.log, "transcendental", "pointwise"),  # back: g / x
]

TRUTHS = [
    *ACTIVATIONS,
    Truth(
        # 60 rows of 4.
        "softmax over channels",
        lambda: nn.Softmax(1),
        IN,
        IN,
        forward=Pass(softmax=60 * (4 * 4 - 2), transcendental=X, moved=F32 * (X + X), peak=F32 * X),
        backward=Pass(softmax=60 * (4 * 4 - 1), moved=F32 * (X + X + X), peak=F32 * (X + X)),
    ),
    Truth(
        "softmax in float16",
        lambda: nn.Softmax(1),
        IN,
        IN,
        dtype=torch.float16,
        forward=Pass(softmax=60 * (4 * 4 - 2), transcendental=X, moved=F16 * (X + X), peak=F16 * X),
        backward=Pass(softmax=60 * (4 * 4 - 1), moved=F16 * (X + X + X), peak=F16 * (X + X)),
    ),
    Truth(
        "log-softmax over channels",
        lambda: nn.LogSoftmax(1),
        IN,
        IN,
        forward=Pass(softmax=60 * (4 * 4 - 2), transcendental=X + 60, moved=F32 * (X + X), peak=F32 * X),
        backward=Pass(
            softmax=60 * (3 * 4 - 1), transcendental=X, moved=F32 * (X + X + X), peak=F32 * (X + X)
        ),
    ),
    Truth(
        # Backward: the sign of x, times the gradient.
        "absolute value",
        lambda: Does(lambda m, x: x.abs()),
        IN,
        IN,
        forward=Pass(pointwise=X, moved=F32 * (X + X), peak=F32 * X),
        backward=Pass(pointwise=X + X, moved=F32 * ((X + X) + 3 * X), peak=F32 * (X + X + X)),
    ),
    Truth(
        # Backward: a zero; x >= 0; x <= 1; both, which is arithmetic of booleans; where(both, gradient,
        # zero).
        "clamp",
        lambda: Does(lambda m, x: x.clamp(0, 1)),
        IN,
        IN,
        forward=Pass(pointwise=X, moved=F32 * (X + X), peak=F32 * X),
        backward=Pass(
            pointwise=X + X + X,
            moved=F32 * 1 + 2 * (F32 + BOOL) * X + 3 * BOOL * X + (BOOL * X + F32 * (X + 1 + X)),
            peak=F32 * (X + 1 + X) + 2 * BOOL * X,
        ),
    ),
    Truth(
        # x > 0; 0.1 x; where. Backward: for each branch a zero and where; times 0.1; the two meet.
        "where",
        lambda: Does(lambda m, x: torch.where(x > 0, x, x * 0.1)),
        IN,
        IN,
        forward=Pass(
            pointwise=3 * X,
            moved=(F32 + BOOL) * X + F32 * 2 * X + (BOOL + 3 * F32) * X,
            peak=BOOL * X + F32 * 2 * X,
        ),
        backward=Pass(
            pointwise=4 * X,
            moved=2 * (F32 * 1 + BOOL * X + F32 * (X + 1 + X)) + F32 * 2 * X + F32 * 3 * X,
            peak=F32 * 4 * X,  # output, both branches' gradients, one of them times 0.1; the mask is gone
        ),
    ),
    Truth(
        # Backward: for the scale, x times 1, times g, sum to 4; for x, the scale times 1, times g; x's two
        # gradients meet: one is the gradient given from outside, which must stay, so that their sum is a new
        # tensor.
        "addcmul",
        lambda: Does(lambda m, x: torch.addcmul(x, m.scale, x), scale=weight(4, 1, 1)),
        IN,
        IN,
        params=4,
        forward=Pass(pointwise=2 * X, moved=F32 * (X + 4 + X), peak=F32 * X),
        backward=Pass(
            pointwise=X + X + 4 + X + X,
            reduction=X - 4,
            moved=F32 * ((X + X) + 3 * X + (4 + 4) + (X + 4 + X) + (X + 4) + 3 * X),
            peak=F32 * (X + X + X + 4),
        ),
    ),
    Truth(
        "lerp",
        lambda: Does(lambda m, x: torch.lerp(x, m.end, 0.3), end=weight(4, 1, 1)),
        IN,
        IN,
        params=4,
        forward=Pass(pointwise=3 * X, moved=F32 * (X + 4 + X), peak=F32 * X),
        backward=Pass(
            pointwise=X + X,
            reduction=X - 4,
            moved=F32 * ((X + X) + (X + X) + (X + 4)),
            peak=F32 * (3 * X + 4),
        ),
    ),
    Truth(
        # 2 + x; its reciprocal. Backward: r * r, -g, times.
        "reciprocal",
        lambda: Does(lambda m, x: (x + 2).reciprocal()),
        IN,
        IN,
        forward=Pass(pointwise=2 * X, moved=F32 * 4 * X, peak=F32 * 2 * X),
        backward=Pass(pointwise=3 * X, moved=F32 * (2 * X + 2 * X + 3 * X), peak=F32 * 4 * X),
    ),
    Truth(
        # Backward: x^2, times 3, times g.
        "power",
        lambda: Does(lambda m, x: x**3),
        IN,
        IN,
        forward=Pass(transcendental=X, moved=F32 * 2 * X, peak=F32 * X),
        backward=Pass(
            transcendental=X, pointwise=2 * X, moved=F32 * (2 * X + 2 * X + 3 * X), peak=F32 * 4 * X
        ),
    ),
    Truth(
        # g x twice, once for each factor, and they meet.
        "square by multiplication",
        lambda: Does(lambda m, x: x * x),
        IN,
        IN,
        forward=Pass(pointwise=X, moved=F32 * (X + X), peak=F32 * X),
        backward=Pass(pointwise=3 * X, moved=F32 * (3 * X + 3 * X + 3 * X), peak=F32 * (X + X + X)),
    ),
    Truth(
        # Backward divides the gradient spread over the map: 8 elements exist.
        "mean",
        lambda: Does(lambda m, x: x.mean((2, 3))),
        IN,
        (2, 4),
        forward=Pass(reduction=(X - 8) + 8, moved=F32 * (X + 8), peak=F32 * 8),
        backward=Pass(pointwise=X, moved=F32 * (8 + X), peak=F32 * (8 + X)),
    ),
    Truth(
        # Backward spreads the gradient, a view; as the input's gradient it is copied: 60 elements exist.
        "sum",
        lambda: Does(lambda m, x: x.sum(1)),
        IN,
        (2, 6, 5),
        forward=Pass(reduction=X - 60, moved=F32 * (X + 60), peak=F32 * 60),
        backward=Pass(moved=F32 * (60 + X), peak=F32 * (60 + X)),
    ),
    Truth(
        # Backward: x = max (booleans), how many (integers: 0), g over that, times the booleans.
        "global maximum",
        lambda: Does(lambda m, x: x.amax((2, 3))),
        IN,
        (2, 4),
        forward=Pass(reduction=X - 8, moved=F32 * (X + 8), peak=F32 * 8),
        backward=Pass(
            pointwise=X + 8 + X,
            moved=(F32 * (8 + X) + BOOL * X)
            + (BOOL * X + I64 * 8)
            + (F32 * 8 + I64 * 8 + F32 * 8)
            + (F32 * (8 + X) + BOOL * X),
            peak=F32 * 8 + BOOL * X + I64 * 8 + F32 * 8 + F32 * X,
        ),
    ),
    Truth(
        # Values and places. Backward: zeros, and the gradient put in its places in them.
        "maximum over channels",
        lambda: Does(lambda m, x: x.max(1).values),
        IN,
        (2, 6, 5),
        forward=Pass(reduction=X - 60, moved=F32 * (X + 60) + I64 * 60, peak=(F32 + I64) * 60),
        backward=Pass(moved=F32 * X + (F32 * (X + 60 + X) + I64 * 60), peak=(F32 + I64) * 60 + F32 * X),
    ),
    Truth(
        # Rows of 4: 4 * log2(4) compares each. Backward as for the maximum.
        "topk",
        lambda: Does(lambda m, x: x.topk(2, dim=1).values),
        IN,
        (2, 2, 6, 5),
        forward=Pass(reduction=60 * 4 * 2, moved=F32 * (X + 120) + I64 * 120, peak=(F32 + I64) * 120),
        backward=Pass(moved=F32 * X + (F32 * (X + 120 + X) + I64 * 120), peak=(F32 + I64) * 120 + F32 * X),
    ),
    Truth(
        # Rows of 6: 6 * 3 compares each, since 2 < log2(6) < 3.
        "sort",
        lambda: Does(lambda m, x: x.sort(dim=2).values),
        IN,
        IN,
        forward=Pass(reduction=40 * 6 * 3, moved=F32 * (X + X) + I64 * X, peak=(F32 + I64) * X),
        backward=Pass(moved=F32 * X + (F32 * (X + X + X) + I64 * X), peak=(F32 + I64) * X + F32 * X),
    ),
    Truth(
        # Per map of 30: 3 * 30 + 29 + 1. Backward: mean, x - mean, 2 g / 29, their product.
        "variance",
        lambda: Does(lambda m, x: x.var((2, 3))),
        IN,
        (2, 4),
        forward=Pass(reduction=3 * X + (X - 8) + 8, moved=F32 * (X + 8), peak=F32 * 8),
        backward=Pass(
            reduction=(X - 8) + 8,
            pointwise=X + 8 + X,
            moved=F32 * ((X + 8) + (X + 8 + X) + (8 + 8) + (8 + X + X)),
            peak=F32 * (8 + 8 + X + 8 + X),
        ),
    ),
    Truth(
        # Backward: turn round, sum up, turn round.
        "cumulative sum",
        lambda: Does(lambda m, x: x.cumsum(1)),
        IN,
        IN,
        forward=Pass(reduction=X - 60, moved=F32 * 2 * X, peak=F32 * X),
        backward=Pass(reduction=X - 60, moved=F32 * 3 * (2 * X), peak=F32 * 4 * X),
    ),
    Truth(
        # 5 integers, one added to each: no floating-point operation; then one product per element.
        "arithmetic on integers",
        lambda: Does(lambda m, x: x * (torch.arange(5, device=x.device) + 1)),
        IN,
        IN,
        forward=Pass(
            pointwise=X, moved=I64 * 5 + I64 * (5 + 5) + (F32 * X + I64 * 5 + F32 * X), peak=I64 * 5 + F32 * X
        ),
        backward=Pass(pointwise=X, moved=F32 * X + I64 * 5 + F32 * X, peak=I64 * 5 + F32 * (X + X)),
    ),
]

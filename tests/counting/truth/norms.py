"""Normalisation of 2 x 4 maps of 6 x 5.

A norm that runs as one operator writes its mean and deviation for backward to read, once per statistic.
"""

import torch.nn.functional as F
from torch import nn

from tests.counting.truth.table import BOOL, F32, I64, Does, Pass, Truth

X = 2 * 4 * 6 * 5
IN = (2, 4, 6, 5)

TRUTHS = [
    Truth(
        # Reads scale, shift and both running statistics of 4 channels.
        "BatchNorm",
        lambda: nn.BatchNorm2d(4),
        IN,
        IN,
        params=8,
        buffers=8,
        # The kernel makes one scale and one shift per channel first.
        forward=Pass(norm=4 * X, moved=F32 * (X + 4 * 4 + X), peak=F32 * (X + 2 * 4)),
        backward=Pass(norm=8 * X, moved=F32 * (X + X + 3 * 4 + X + 2 * 4), peak=F32 * (X + X + 8)),
    ),
    Truth(
        # The number of batches seen, an integer, goes up by one: read and written.
        "BatchNorm, training",
        lambda: nn.BatchNorm2d(4),
        IN,
        IN,
        params=8,
        buffers=8,
        train=True,
        forward=Pass(norm=8 * X, moved=I64 * 2 + F32 * (X + 4 * 4 + X + 2 * 4), peak=F32 * (X + 8)),
        backward=Pass(
            norm=16 * X, moved=F32 * (X + X + 3 * 4 + 2 * 4 + X + 2 * 4), peak=F32 * (X + 8 + X + 8)
        ),
    ),
    Truth(
        # 8 rows of 30; scale and shift of 30 elements.
        "LayerNorm",
        lambda: nn.LayerNorm([6, 5]),
        IN,
        IN,
        params=60,
        forward=Pass(norm=8 * X, moved=F32 * (X + 60 + X + 2 * 8), peak=F32 * (X + 16)),
        backward=Pass(norm=16 * X, moved=F32 * (X + X + 2 * 8 + 60 + X + 60), peak=F32 * (X + 16 + X + 60)),
    ),
    Truth(
        # 48 rows of 5, nothing learnt.
        "LayerNorm without scale and shift",
        lambda: nn.LayerNorm(5, elementwise_affine=False),
        IN,
        IN,
        forward=Pass(norm=8 * X, moved=F32 * (X + X + 2 * 48), peak=F32 * (X + 96)),
        backward=Pass(norm=16 * X, moved=F32 * (X + X + 2 * 48 + X), peak=F32 * (X + 96 + X)),
    ),
    Truth(
        # 2 samples of 2 groups: 4 statistics of each kind. Backward does not read the shift.
        "GroupNorm",
        lambda: nn.GroupNorm(2, 4),
        IN,
        IN,
        params=8,
        forward=Pass(norm=8 * X, moved=F32 * (X + 8 + X + 2 * 4), peak=F32 * (X + 8)),
        backward=Pass(norm=16 * X, moved=F32 * (X + X + 2 * 4 + 4 + X + 8), peak=F32 * (X + 8 + X + 8)),
    ),
    Truth(
        # It runs as BatchNorm of one sample of 8 channels, always with the statistics of the input.
        "InstanceNorm",
        lambda: nn.InstanceNorm2d(4),
        IN,
        IN,
        forward=Pass(norm=8 * X, moved=F32 * (X + X + 2 * 8), peak=F32 * (X + 16)),
        backward=Pass(norm=16 * X, moved=F32 * (X + X + 2 * 8 + X), peak=F32 * (X + 16 + X)),
    ),
    Truth(
        # Scale and shift are repeated for each of the two samples: 4 to 8; backward adds up what both samples
        # say.
        "InstanceNorm with scale and shift",
        lambda: nn.InstanceNorm2d(4, affine=True),
        IN,
        IN,
        params=8,
        forward=Pass(norm=8 * X, moved=F32 * (2 * (4 + 8) + (X + 16 + X + 2 * 8)), peak=F32 * (16 + X + 16)),
        backward=Pass(
            norm=16 * X,
            reduction=2 * (8 - 4),
            moved=F32 * ((X + X + 8 + 2 * 8 + X + 16) + 2 * (8 + 4)),
            peak=F32 * (X + 8 + 16 + X + 16),  # output, repeated scale, statistics, gradients
        ),
    ),
    Truth(
        # x^2; mean of rows of 5 (48 of them); + eps; rsqrt; times x; times the scale.
        # Backward, g the output's gradient, n the normalised x, r the roots: g n and g w, the sum for the
        # scale; g w x and g w r; sum of the former; r^3; times -1/2; times r^3; spread / 5; x^1; times 2;
        # times the spread; sum of both.
        "RMSNorm",
        lambda: nn.RMSNorm(5),
        IN,
        IN,
        params=5,
        forward=Pass(
            transcendental=X + 48,
            reduction=(X - 48) + 48,
            pointwise=48 + X + X,
            moved=F32 * ((X + X) + (X + 48) + (48 + 48) + (48 + 48) + (X + 48 + X) + (X + 5 + X)),
            peak=F32 * (48 + X + X),  # roots, normalised, scaled
        ),
        backward=Pass(
            transcendental=48 + X,
            reduction=(X - 5) + (X - 48),
            pointwise=4 * X + 48 + 48 + 4 * X,
            moved=F32
            * (
                (3 * X)
                + (X + 5 + X)
                + (X + 5)
                + (3 * X)
                + (X + 48 + X)
                + (X + 48)
                + (48 + 48)
                + (48 + 48)
                + (3 * 48)
                + (48 + X)
                + (X + X)
                + (X + X)
                + (3 * X)
                + (3 * X)
            ),
            # output, gradient by way of the product, the scale's, the mean's; x^1, twice that, and times the
            # mean's
            peak=F32 * (X + X + 5 + X + 3 * X),
        ),
    ),
    Truth(
        # Length of each position's 4 channels: 4 squares, 3 additions, 1 root; at least eps; x over it,
        # spread again. Backward of the quotient x / d: x / d, / d, -g, times that, g / d; sum over channels;
        # where(length >= eps, ., 0); of the length: x / length, 0 where length = 0, times the gradient; both
        # gradients of x meet.
        "unit vectors",
        lambda: Does(lambda m, x: F.normalize(x, dim=1)),
        IN,
        IN,
        forward=Pass(
            reduction=2 * X - 60,
            transcendental=60,
            pointwise=60 + X,
            moved=F32 * ((X + 60) + (60 + 60) + (X + 60 + X)),
            peak=F32 * (60 + X),
        ),
        backward=Pass(
            pointwise=5 * X + 60 + 60 + X + 60 + X + X + X,
            reduction=X - 60,
            moved=F32 * ((X + 60 + X) + (X + 60 + X) + (X + X) + 3 * X + (X + 60 + X) + (X + 60))
            + (F32 * 1 + (F32 + BOOL) * 60 + (BOOL * 60 + F32 * (60 + 1 + 60)))
            + (F32 * (X + 60 + X) + (F32 + BOOL) * 60 + (F32 * (X + X) + BOOL * 60))
            + F32 * ((60 + X + X) + 3 * X),
            peak=F32 * (X + 60 + 60 + 4 * X),  # output, both lengths, the first four terms
        ),
    ),
]

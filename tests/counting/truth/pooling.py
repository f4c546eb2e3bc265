"""Pooling and resampling of 2 x 4 maps of 6 x 5.

Forward reads the input and writes the output; max pooling writes an int64 place per output element too.
Backward reads the output's gradient, the input's values and the places, and writes the input's gradient.
"""

import torch.nn.functional as F
from torch import nn

from tests.counting.truth.table import F32, I64, Does, Pass, Truth, weight

X = 2 * 4 * 6 * 5
IN = (2, 4, 6, 5)


def largest(y: int, taps: int) -> dict[str, Pass]:
    """Max pooling: of all the taps of y windows all but one are compared; backward adds each gradient where
    it belongs."""
    return {
        "forward": Pass(reduction=taps - y, moved=F32 * (X + y) + I64 * y, peak=(F32 + I64) * y),
        "backward": Pass(
            reduction=y,
            moved=F32 * (y + X + X) + I64 * y,
            peak=(F32 + I64) * y + F32 * X,
        ),
    }


def average(y: int, taps: int) -> dict[str, Pass]:
    """Average pooling: additions of all taps of a window but one, and a division; backward: a division, and
    an addition a tap."""
    return {
        "forward": Pass(reduction=(taps - y) + y, moved=F32 * (X + y), peak=F32 * y),
        "backward": Pass(reduction=taps + y, moved=F32 * (y + X + X), peak=F32 * (y + X)),
    }


# Windows of 4 outputs over 6: [0, 2) [1, 3) [3, 5) [4, 6), 8 taps; of 3 over 5: [0, 2) [1, 4) [3, 5), 7 taps.
OVERLAPPING = 2 * 4 * 8 * 7

TRUTHS = [
    Truth("max pooling 2x2", lambda: nn.MaxPool2d(2), IN, (2, 4, 3, 2), **largest(48, 48 * 4)),
    Truth(
        "max pooling 3x3, stride 2, padded",
        lambda: nn.MaxPool2d(3, 2, 1),
        IN,
        (2, 4, 3, 3),
        **largest(72, 72 * 9),
    ),
    Truth("average pooling 2x2", lambda: nn.AvgPool2d(2), IN, (2, 4, 3, 2), **average(48, 48 * 4)),
    Truth(
        "average pooling 3x3, stride 2, padded",
        lambda: nn.AvgPool2d(3, 2, 1),
        IN,
        (2, 4, 3, 3),
        **average(72, 72 * 9),
    ),
    Truth(
        "adaptive average pooling that divides",
        lambda: nn.AdaptiveAvgPool2d((3, 1)),
        IN,
        (2, 4, 3, 1),
        **average(24, 24 * 10),
    ),
    Truth(
        "adaptive average pooling that overlaps",
        lambda: nn.AdaptiveAvgPool2d((4, 3)),
        IN,
        (2, 4, 4, 3),
        **average(2 * 4 * 4 * 3, OVERLAPPING),
    ),
    Truth(
        "adaptive max pooling that overlaps",
        lambda: nn.AdaptiveMaxPool2d((4, 3)),
        IN,
        (2, 4, 4, 3),
        **largest(2 * 4 * 4 * 3, OVERLAPPING),
    ),
    Truth("adaptive max pooling to 1x1", lambda: nn.AdaptiveMaxPool2d(1), IN, (2, 4, 1, 1), **largest(8, X)),
    Truth(
        # It runs as a mean: backward divides the gradient that is spread over the map, of which 8 elements
        # exist.
        "adaptive average pooling to 1x1",
        lambda: nn.AdaptiveAvgPool2d(1),
        IN,
        (2, 4, 1, 1),
        forward=Pass(reduction=(X - 8) + 8, moved=F32 * (X + 8), peak=F32 * 8),
        backward=Pass(pointwise=X, moved=F32 * (8 + X), peak=F32 * (8 + X)),
    ),
    Truth(
        "average pooling over three sides",
        lambda: Does(lambda m, x: F.avg_pool3d(x, (2, 3, 1))),
        IN,
        (2, 2, 2, 5),
        **average(2 * 2 * 2 * 5, 2 * 2 * 2 * 5 * 6),
    ),
    Truth(
        "bilinear upsampling",
        lambda: nn.Upsample(scale_factor=2, mode="bilinear"),
        IN,
        (2, 4, 12, 10),
        forward=Pass(pointwise=11 * 4 * X, moved=F32 * (X + 4 * X), peak=F32 * 4 * X),
        backward=Pass(pointwise=11 * 4 * X, moved=F32 * (4 * X + X), peak=F32 * (4 * X + X)),
    ),
    Truth(
        "bilinear resampling to fewer",
        lambda: Does(lambda m, x: F.interpolate(x, size=(3, 2), mode="bilinear", align_corners=True)),
        IN,
        (2, 4, 3, 2),
        forward=Pass(pointwise=11 * 48, moved=F32 * (X + 48), peak=F32 * 48),
        backward=Pass(pointwise=11 * 48, moved=F32 * (48 + X), peak=F32 * (48 + X)),
    ),
    Truth(
        "bicubic resampling",
        lambda: nn.Upsample(size=(4, 4), mode="bicubic"),
        IN,
        (2, 4, 4, 4),
        forward=Pass(pointwise=39 * 128, moved=F32 * (X + 128), peak=F32 * 128),
        backward=Pass(pointwise=39 * 128, moved=F32 * (128 + X), peak=F32 * (128 + X)),
    ),
    Truth(
        # Forward copies; backward adds the 4 gradients of a block.
        "nearest upsampling",
        lambda: nn.Upsample(scale_factor=2),
        IN,
        (2, 4, 12, 10),
        forward=Pass(moved=F32 * (X + 4 * X), peak=F32 * 4 * X),
        backward=Pass(reduction=4 * X - X, moved=F32 * (4 * X + X), peak=F32 * (4 * X + X)),
    ),
    Truth(
        # 3 x 2 places per sample, learnable: 24 coordinates in, and their gradients out.
        "bilinear sampling on a grid",
        lambda: Does(lambda m, x: F.grid_sample(x, m.grid, align_corners=False), grid=weight(2, 3, 2, 2)),
        IN,
        (2, 4, 3, 2),
        params=24,
        forward=Pass(pointwise=11 * 48, moved=F32 * (X + 24 + 48), peak=F32 * 48),
        backward=Pass(pointwise=11 * 48, moved=F32 * (48 + X + 24 + X + 24), peak=F32 * (48 + X + 24)),
    ),
]

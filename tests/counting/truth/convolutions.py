"""Convolutions of every kind.

Forward: one operator, its MACs are elements of the output x taps of one group's filter (of the input where
transposed). It reads input, filter, bias and writes the output. Backward: one operator that reads the
output's gradient, input and filter and writes the gradients asked for; as many MACs as forward for the
input's and as many for the filter's; the bias's is a sum over batch and positions. The input is not the
call's own, so backward's peak is the output and the gradients.
"""

import torch
from torch import nn

from tests.counting.truth.table import F32, F64, Pass, Truth

X = 2 * 4 * 6 * 5  # elements of the input of most
IN = (2, 4, 6, 5)


def conv(x: int, y: int, w: int, b: int, macs: int, size: int = F32) -> dict[str, Pass]:
    """Both passes of a lone convolution with x inputs, y outputs, w weights and b biases."""
    return {
        "forward": Pass(macs=macs, bias=y if b else 0, moved=size * (x + w + b + y), peak=size * y),
        "backward": Pass(
            macs=2 * macs,
            reduction=y - b if b else 0,
            moved=size * (y + x + w + x + w + b),
            peak=size * (y + x + w + b),
        ),
    }


TRUTHS = [
    Truth(
        "convolution 1x1",
        lambda: nn.Conv2d(4, 6, 1),
        IN,
        (2, 6, 6, 5),
        params=6 * 4 + 6,
        **conv(X, 2 * 6 * 6 * 5, 6 * 4, 6, macs=2 * 6 * 6 * 5 * 4),
    ),
    Truth(
        "convolution 3x3, padded, no bias",  # taps on the padding count
        lambda: nn.Conv2d(4, 6, 3, padding=1, bias=False),
        IN,
        (2, 6, 6, 5),
        params=6 * 4 * 9,
        **conv(X, 2 * 6 * 6 * 5, 6 * 4 * 9, 0, macs=2 * 6 * 6 * 5 * 4 * 9),
    ),
    Truth(
        "convolution 3x3, stride 2",  # (6 + 2 - 3) // 2 + 1 = 3, (5 + 2 - 3) // 2 + 1 = 3
        lambda: nn.Conv2d(4, 6, 3, stride=2, padding=1),
        IN,
        (2, 6, 3, 3),
        params=6 * 4 * 9 + 6,
        **conv(X, 2 * 6 * 3 * 3, 6 * 4 * 9, 6, macs=2 * 6 * 3 * 3 * 4 * 9),
    ),
    Truth(
        "convolution 3x3, dilation 2",  # reaches over 5: 6 - 4 = 2, 5 - 4 = 1
        lambda: nn.Conv2d(4, 6, 3, dilation=2),
        IN,
        (2, 6, 2, 1),
        params=6 * 4 * 9 + 6,
        **conv(X, 2 * 6 * 2 * 1, 6 * 4 * 9, 6, macs=2 * 6 * 2 * 1 * 4 * 9),
    ),
    Truth(
        "convolution 1x5, rectangular padding",
        lambda: nn.Conv2d(4, 6, (1, 5), padding=(0, 2)),
        IN,
        (2, 6, 6, 5),
        params=6 * 4 * 5 + 6,
        **conv(X, 2 * 6 * 6 * 5, 6 * 4 * 5, 6, macs=2 * 6 * 6 * 5 * 4 * 5),
    ),
    Truth(
        "convolution in 2 groups",  # each output sees 4 / 2 channels
        lambda: nn.Conv2d(4, 6, 3, padding=1, groups=2),
        IN,
        (2, 6, 6, 5),
        params=6 * 2 * 9 + 6,
        **conv(X, 2 * 6 * 6 * 5, 6 * 2 * 9, 6, macs=2 * 6 * 6 * 5 * 2 * 9),
    ),
    Truth(
        "depthwise convolution, multiplier 2",
        lambda: nn.Conv2d(4, 8, 3, padding=1, groups=4, bias=False),
        IN,
        (2, 8, 6, 5),
        params=8 * 1 * 9,
        **conv(X, 2 * 8 * 6 * 5, 8 * 1 * 9, 0, macs=2 * 8 * 6 * 5 * 1 * 9),
    ),
    Truth(
        "convolution over one side",  # 7 - 2 = 5 positions
        lambda: nn.Conv1d(4, 6, 3),
        (2, 4, 7),
        (2, 6, 5),
        params=6 * 4 * 3 + 6,
        **conv(2 * 4 * 7, 2 * 6 * 5, 6 * 4 * 3, 6, macs=2 * 6 * 5 * 4 * 3),
    ),
    Truth(
        "convolution over three sides",
        lambda: nn.Conv3d(4, 6, (1, 2, 3)),
        (2, 4, 3, 4, 5),
        (2, 6, 3, 3, 3),
        params=6 * 4 * 1 * 2 * 3 + 6,
        **conv(2 * 4 * 3 * 4 * 5, 2 * 6 * 3 * 3 * 3, 6 * 4 * 6, 6, macs=2 * 6 * 3 * 3 * 3 * 4 * 6),
    ),
    Truth(
        "convolution with padding='same'",
        lambda: nn.Conv2d(4, 6, 3, padding="same"),
        IN,
        (2, 6, 6, 5),
        params=6 * 4 * 9 + 6,
        **conv(X, 2 * 6 * 6 * 5, 6 * 4 * 9, 6, macs=2 * 6 * 6 * 5 * 4 * 9),
    ),
    Truth(
        # One row and one column of zeros are laid on first, as a copy of 7 x 6; backward cuts them off again.
        "convolution with padding='same' of an even filter",
        lambda: nn.Conv2d(4, 6, 2, padding="same"),
        IN,
        (2, 6, 6, 5),
        params=6 * 4 * 4 + 6,
        forward=Pass(
            macs=2 * 6 * 6 * 5 * 4 * 4,
            bias=2 * 6 * 6 * 5,
            moved=F32 * ((X + 2 * 4 * 7 * 6) + (2 * 4 * 7 * 6 + 6 * 4 * 4 + 6 + 2 * 6 * 6 * 5)),
            peak=F32 * (2 * 4 * 7 * 6 + 2 * 6 * 6 * 5),
        ),
        backward=Pass(
            macs=2 * (2 * 6 * 6 * 5 * 4 * 4),
            reduction=2 * 6 * 6 * 5 - 6,
            moved=F32
            * (
                (2 * 6 * 6 * 5 + 2 * 4 * 7 * 6 + 6 * 4 * 4)
                + (2 * 4 * 7 * 6 + 6 * 4 * 4 + 6)
                + (2 * 4 * 7 * 6 + X)
            ),
            # output, padded input, and the gradients of padded input, filter, bias
            peak=F32 * (2 * 6 * 6 * 5 + 2 * 4 * 7 * 6 + (2 * 4 * 7 * 6 + 6 * 4 * 4 + 6)),
        ),
    ),
    Truth(
        # Every element of the input meets the 6 / 2 x 3 x 3 weights of its channel. (6 - 1) * 2 + 3 = 13, 11.
        "transposed convolution in 2 groups",
        lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2),
        IN,
        (2, 6, 13, 11),
        params=4 * 3 * 9 + 6,
        **conv(X, 2 * 6 * 13 * 11, 4 * 3 * 9, 6, macs=X * 3 * 9),
    ),
    Truth(
        "transposed convolution, no bias, output padding",  # (6 - 1) * 2 - 2 + 3 + 1 = 12, 10
        lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, bias=False),
        IN,
        (2, 6, 12, 10),
        params=4 * 6 * 9,
        **conv(X, 2 * 6 * 12 * 10, 4 * 6 * 9, 0, macs=X * 6 * 9),
    ),
    Truth(
        "convolution in float64",
        lambda: nn.Conv2d(4, 6, 3, padding=1),
        IN,
        (2, 6, 6, 5),
        params=6 * 4 * 9 + 6,
        dtype=torch.float64,
        **conv(X, 2 * 6 * 6 * 5, 6 * 4 * 9, 6, macs=2 * 6 * 6 * 5 * 4 * 9, size=F64),
    ),
]

"""MobileNetV3: (N, 3, H, W) to (N, classes).

Inverted residuals, some with SE behind the depthwise convolution; ReLU in the first stages, then hard swish.

Searching for MobileNetV3. Andrew Howard et al., ICCV 2019, arXiv:1905.02244, Tables 1 and 2. Two things are
as in released weights: SE's inner width is rounded to a multiple of 8, and the last convolution of the small
network has no SE, which Table 2 marks there.
"""

import torch
from torch import nn

from attnprof.networks._mobile import (
    ConvolutionalSE,
    initialise,
    inverted_residual,
    rounded,
    tensorflow_norm,
    unit,
)

RELU, HARD_SWISH = nn.ReLU, nn.Hardswish
# for each block of each stage: kernel, width, outputs, whether SE, activation, stride
LARGE = (
    ((3, 16, 16, False, RELU, 1),),
    ((3, 64, 24, False, RELU, 2), (3, 72, 24, False, RELU, 1)),
    ((5, 72, 40, True, RELU, 2), (5, 120, 40, True, RELU, 1), (5, 120, 40, True, RELU, 1)),
    (
        (3, 240, 80, False, HARD_SWISH, 2),
        (3, 200, 80, False, HARD_SWISH, 1),
        (3, 184, 80, False, HARD_SWISH, 1),
        (3, 184, 80, False, HARD_SWISH, 1),
    ),
    ((3, 480, 112, True, HARD_SWISH, 1), (3, 672, 112, True, HARD_SWISH, 1)),
    (
        (5, 672, 160, True, HARD_SWISH, 2),
        (5, 960, 160, True, HARD_SWISH, 1),
        (5, 960, 160, True, HARD_SWISH, 1),
    ),
)
SMALL = (
    ((3, 16, 16, True, RELU, 2),),
    ((3, 72, 24, False, RELU, 2), (3, 88, 24, False, RELU, 1)),
    ((5, 96, 40, True, HARD_SWISH, 2), (5, 240, 40, True, HARD_SWISH, 1), (5, 240, 40, True, HARD_SWISH, 1)),
    ((5, 120, 48, True, HARD_SWISH, 1), (5, 144, 48, True, HARD_SWISH, 1)),
    ((5, 288, 96, True, HARD_SWISH, 2), (5, 576, 96, True, HARD_SWISH, 1), (5, 576, 96, True, HARD_SWISH, 1)),
)


def _se(channels: int) -> ConvolutionalSE:
    return ConvolutionalSE(channels, rounded(channels / 4), nn.ReLU, nn.Hardsigmoid)


class MobileNetV3(nn.Module):
    """Stages of inverted residuals at width 1.0: (N, 3, H, W) to (N, classes).

    large: which of the two networks. se: whether the blocks that the paper marks have SE.
    """

    def __init__(self, *, large: bool, se: bool = True, classes: int = 1000) -> None:
        super().__init__()
        self.stem = unit(3, 16, 3, 2, activation=HARD_SWISH, norm=tensorflow_norm)
        channels, stages = 16, []
        for rows in LARGE if large else SMALL:
            blocks = []
            for kernel, width, outputs, gated, activation, stride in rows:
                block = inverted_residual(
                    channels,
                    width,
                    outputs,
                    kernel=kernel,
                    stride=stride,
                    activation=activation,
                    norm=tensorflow_norm,
                    se=_se(width) if se and gated else None,
                )
                blocks.append(block)
                channels = outputs
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.head = unit(channels, 6 * channels, 1, activation=HARD_SWISH, norm=tensorflow_norm)
        self.hidden = nn.Linear(6 * channels, 1280 if large else 1024)
        self.activation, self.dropout = HARD_SWISH(), nn.Dropout(0.2)
        self.classifier = nn.Linear(1280 if large else 1024, classes)
        initialise(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, classes) of images x (N, 3, H, W)."""
        x = self.head(self.stages(self.stem(x))).mean(dim=(2, 3))
        scores: torch.Tensor = self.classifier(self.dropout(self.activation(self.hidden(x))))
        return scores

"""MixNet-S: (N, 3, H, W) to (N, classes).

Inverted residuals whose depthwise convolution has kernels of several sizes, each for a share of the channels;
some expand or project two halves of the channels by themselves. ReLU in the first stages, then SiLU and SE.
Blocks are not dropped at random in training, which the published training does.

MixConv: Mixed Depthwise Convolutional Kernels. Mingxing Tan and Quoc V. Le, BMVC 2019, arXiv:1907.09595. The
table of blocks is the official code's (tensorflow/tpu, models/official/mnasnet/mixnet).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import nn

from attnprof.networks._mobile import (
    ConvolutionalSE,
    InvertedResidual,
    initialise,
    normed,
    tensorflow_norm,
    unit,
)


class Row(NamedTuple):
    """A run of equal blocks; only the first strides."""

    kernels: tuple[int, ...]  # of the depthwise convolution
    expand_groups: int
    project_groups: int
    expansion: int
    outputs: int
    se: float  # SE's inner channels over the block's inputs; 0: no SE
    stride: int
    blocks: int


STAGES = (
    (Row((3,), 1, 1, 1, 16, 0, 1, 1),),
    (Row((3,), 2, 2, 6, 24, 0, 2, 1), Row((3,), 2, 2, 3, 24, 0, 1, 1)),
    (Row((3, 5, 7), 1, 1, 6, 40, 0.5, 2, 1), Row((3, 5), 2, 2, 6, 40, 0.5, 1, 3)),
    (Row((3, 5, 7), 1, 2, 6, 80, 0.25, 2, 1), Row((3, 5), 1, 2, 6, 80, 0.25, 1, 2)),
    (Row((3, 5, 7), 2, 2, 6, 120, 0.5, 1, 1), Row((3, 5, 7, 9), 2, 2, 3, 120, 0.5, 1, 2)),
    (Row((3, 5, 7, 9, 11), 1, 1, 6, 200, 0.5, 2, 1), Row((3, 5, 7, 9), 1, 2, 6, 200, 0.5, 1, 2)),
)


class MixedConv(nn.Module):
    """A convolution for each kernel, each of an equal share of the channels.

    (N, inputs, H, W) to (N, outputs, H/stride, W/stride). depthwise: whether each channel is by itself.
    """

    def __init__(
        self, inputs: int, outputs: int, kernels: Sequence[int], stride: int = 1, depthwise: bool = False
    ) -> None:
        super().__init__()
        share = inputs // len(kernels)
        self.convs = nn.ModuleList(
            nn.Conv2d(
                share,
                outputs // len(kernels),
                kernel,
                stride,
                padding=kernel // 2,
                groups=share if depthwise else 1,
                bias=False,
            )
            for kernel in kernels
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The outputs of all convolutions for x (N, inputs, H, W), one behind the other."""
        parts = x.chunk(len(self.convs), dim=1)
        return torch.cat([conv(part) for conv, part in zip(self.convs, parts, strict=True)], dim=1)


def _pointwise(inputs: int, outputs: int, groups: int) -> nn.Module:
    """A 1x1 convolution, of each of the groups by itself."""
    if groups > 1:
        return MixedConv(inputs, outputs, [1] * groups)
    return nn.Conv2d(inputs, outputs, 1, bias=False)


def _block(inputs: int, row: Row, stride: int) -> InvertedResidual:
    width, activation = row.expansion * inputs, nn.SiLU if row.se else nn.ReLU
    expand = _pointwise(inputs, width, row.expand_groups)
    depthwise = MixedConv(width, width, row.kernels, stride, depthwise=True)
    project = _pointwise(width, row.outputs, row.project_groups)
    return InvertedResidual(
        normed(expand, width, activation, tensorflow_norm) if width != inputs else None,
        normed(depthwise, width, activation, tensorflow_norm),
        ConvolutionalSE(width, int(row.se * inputs), activation, nn.Sigmoid) if row.se else None,
        normed(project, row.outputs, None, tensorflow_norm),
        adds=stride == 1 and inputs == row.outputs,
    )


class MixNetS(nn.Module):
    """Six stages of inverted residuals with mixed kernels: (N, 3, H, W) to (N, classes)."""

    def __init__(self, *, classes: int = 1000) -> None:
        super().__init__()
        self.stem = unit(3, 16, 3, 2, activation=nn.ReLU, norm=tensorflow_norm)
        channels, stages = 16, []
        for rows in STAGES:
            blocks = []
            for row in rows:
                for number in range(row.blocks):
                    blocks.append(_block(channels, row, 1 if number else row.stride))
                    channels = row.outputs
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.head = unit(channels, 1536, 1, activation=nn.ReLU, norm=tensorflow_norm)
        self.dropout, self.classifier = nn.Dropout(0.2), nn.Linear(1536, classes)
        initialise(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, classes) of images x (N, 3, H, W)."""
        x = self.head(self.stages(self.stem(x)))
        scores: torch.Tensor = self.classifier(self.dropout(x.mean(dim=(2, 3))))
        return scores

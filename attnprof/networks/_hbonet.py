"""HBONet: (N, 3, H, W) to (N, classes), H and W multiples of 32.

Harmonious bottlenecks convolve at half of the height and width, and keep half of the channels of their input;
inverted residuals stand first and last.

HBONet: Harmonious Bottleneck on Two Orthogonal Dimensions. Duo Li et al., ICCV 2019, arXiv:1908.03888, Table
1. Official code: d-li14/HBONet, of which this is the main model (2x). A block of stride 2 neither adds its
input nor scales up again there.
"""

import torch
from torch import nn
from torch.nn import functional as F

from attnprof.networks._mobile import initialise, inverted_residual, rounded, unit

# expansion, channels, blocks, stride of the first block, whether harmonious
TABLE = (
    (1, 20, 1, 1, False),
    (2, 36, 1, 1, True),
    (2, 72, 3, 2, True),
    (2, 96, 4, 2, True),
    (2, 192, 4, 2, True),
    (2, 288, 1, 1, True),
    (6, 200, 2, 2, False),
    (6, 400, 1, 1, False),
)
NARROWED, NARROW = 5, 144  # the stage that ends with a 1x1 convolution, and its channels


class HarmoniousBottleneck(nn.Module):
    """(N, inputs, H, W) to (N, outputs, H/stride, W/stride), H and W even.

    Half of the outputs are channels of the input, averaged where the block strides. The others are convolved
    at half of H and W: depthwise 5x5 with stride 2, expand 1x1, depthwise 3x3, project 1x1. Where the block
    does not stride they are scaled up again, added to channels of the input, and smoothed by a depthwise 5x5.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        width, half = expansion * inputs, outputs // 2
        self.half_width, self.strides = half, stride > 1
        self.contract = unit(inputs, inputs, 5, 2, groups=inputs, activation=None)
        self.expand = unit(inputs, width, 1)
        self.depthwise = unit(width, width, 3, groups=width)
        self.project = unit(width, half, 1, activation=None)
        if not self.strides:
            self.smooth = unit(half, half, 5, groups=half, activation=None)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The block's output for x (N, inputs, H, W)."""
        y = self.project(self.depthwise(self.expand(self.contract(x))))
        first, last = x[:, : self.half_width], x[:, -self.half_width :]
        if self.strides:
            return torch.cat([F.avg_pool2d(last, 2), y], dim=1)
        return torch.cat([last, self.smooth(first + F.interpolate(y, scale_factor=2.0))], dim=1)


def _block(inputs: int, outputs: int, stride: int, expansion: int, harmonious: bool) -> nn.Module:
    if harmonious:
        return HarmoniousBottleneck(inputs, outputs, stride, expansion)
    return inverted_residual(inputs, expansion * inputs, outputs, stride=stride)


class HBONet(nn.Module):
    """Eight stages at width 1.0: (N, 3, H, W) to (N, classes)."""

    def __init__(self, *, classes: int = 1000) -> None:
        super().__init__()
        self.stem = unit(3, 32, 3, 2)
        channels, stages = 32, list[nn.Sequential]()
        for expansion, nominal, count, stride, harmonious in TABLE:
            outputs, blocks = rounded(nominal), list[nn.Module]()
            for number in range(count):
                blocks.append(_block(channels, outputs, 1 if number else stride, expansion, harmonious))
                channels = outputs
            if len(stages) == NARROWED:
                blocks.append(unit(channels, NARROW, 1, activation=None))
                channels = NARROW
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.head = unit(channels, 1600, 1)
        self.classifier = nn.Linear(1600, classes)
        initialise(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, classes) of images x (N, 3, H, W)."""
        scores: torch.Tensor = self.classifier(self.head(self.stages(self.stem(x))).mean(dim=(2, 3)))
        return scores

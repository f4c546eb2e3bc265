"""ShuffleNetV2: (N, 3, H, W) to (N, classes).

Half of the channels pass a block as they are, the others by 1x1, depthwise 3x3 and 1x1; then both are
shuffled. A block that strides sends all channels through both branches.

ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design. Ningning Ma et al., ECCV 2018,
arXiv:1807.11164, Table 5.
"""

from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from attnprof.networks._mobile import initialise, unit

# channels and blocks of each stage, at width 1.0
TABLE = ((116, 4), (232, 8), (464, 4))
relu_unit = partial(unit, activation=nn.ReLU)


class ShuffleBlock(nn.Module):
    """(N, inputs, H, W) to (N, outputs, H/stride, W/stride). With stride 1 as many inputs as outputs."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        half = outputs // 2
        self.splits = stride == 1
        if not self.splits:
            self.shortcut = nn.Sequential(
                unit(inputs, inputs, 3, stride, groups=inputs, activation=None), relu_unit(inputs, half, 1)
            )
        self.reduce = relu_unit(half if self.splits else inputs, half, 1)
        self.depthwise = unit(half, half, 3, stride, groups=half, activation=None)
        self.project = relu_unit(half, half, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The block's output for x (N, inputs, H, W)."""
        if self.splits:
            shortcut, x = x.chunk(2, dim=1)
        else:
            shortcut = self.shortcut(x)
        return F.channel_shuffle(
            torch.cat([shortcut, self.project(self.depthwise(self.reduce(x)))], dim=1), 2
        )


class ShuffleNetV2(nn.Module):
    """Three stages of shuffling blocks at width 1.0: (N, 3, H, W) to (N, classes)."""

    def __init__(self, *, classes: int = 1000) -> None:
        super().__init__()
        self.stem, self.pool = relu_unit(3, 24, 3, 2), nn.MaxPool2d(3, 2, padding=1)
        channels, stages = 24, []
        for outputs, count in TABLE:
            first = ShuffleBlock(channels, outputs, 2)
            stages.append(
                nn.Sequential(first, *(ShuffleBlock(outputs, outputs, 1) for _ in range(count - 1)))
            )
            channels = outputs
        self.stages = nn.Sequential(*stages)
        self.head = relu_unit(channels, 1024, 1)
        self.classifier = nn.Linear(1024, classes)
        initialise(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, classes) of images x (N, 3, H, W)."""
        x = self.head(self.stages(self.pool(self.stem(x))))
        scores: torch.Tensor = self.classifier(x.mean(dim=(2, 3)))
        return scores

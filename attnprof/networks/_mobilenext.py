"""MobileNeXt: (N, 3, H, W) to (N, classes).

Sandglass blocks: depthwise 3x3, reduce 1x1, expand 1x1, depthwise 3x3.

Rethinking Bottleneck Structure for Efficient Mobile Network Design. Daquan Zhou et al., ECCV 2020,
arXiv:2007.02269. Official code: zhoudaquan/rethinking_bottleneck_design, which differs from the paper's
table: three blocks of 960 channels instead of two, and blocks that change their width leave out the first
depthwise convolution, or both.
"""

from math import ceil

import torch
from torch import nn

from attnprof.networks._mobile import initialise, unit

# reduction, channels, blocks, stride of the first block
TABLE = (
    (2, 96, 1, 2), (6, 144, 1, 1), (6, 192, 3, 2), (6, 288, 3, 2),
    (6, 384, 4, 1), (6, 576, 4, 2), (6, 960, 3, 1), (6, 1280, 1, 1),
)  # fmt: skip


def _width(inputs: int, outputs: int, reduction: int) -> int:
    """Channels between the two 1x1: inputs / reduction, but not less than about a sixth of the outputs."""
    reduced = inputs // reduction
    return reduced if reduced >= outputs / 6 else max(16, (ceil(outputs / 6) + 8) // 16 * 16)


class Sandglass(nn.Module):
    """(N, inputs, H, W) to (N, outputs, H/stride, W/stride). whole: with both depthwise convolutions."""

    def __init__(self, inputs: int, outputs: int, stride: int, reduction: int, whole: bool) -> None:
        super().__init__()
        width = _width(inputs, outputs, reduction)
        self.begins, self.ends = whole, whole or stride > 1
        if self.begins:
            self.depthwise = unit(inputs, inputs, 3, groups=inputs)
        self.reduce = unit(inputs, width, 1, activation=None)
        self.expand = unit(width, outputs, 1)
        if self.ends:
            self.out = unit(outputs, outputs, 3, stride, groups=outputs, activation=None)
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The block's output for x (N, inputs, H, W)."""
        y = self.expand(self.reduce(self.depthwise(x) if self.begins else x))
        out: torch.Tensor = self.out(y) if self.ends else y
        return x + out if self.adds else out


class MobileNeXt(nn.Module):
    """Eight stages of sandglass blocks at width 1.0: (N, 3, H, W) to (N, classes)."""

    def __init__(self, *, classes: int = 1000) -> None:
        super().__init__()
        self.stem = unit(3, 32, 3, 2)
        channels, stages = 32, []
        for reduction, outputs, count, stride in TABLE:
            blocks = []
            for number in range(count):
                whole = reduction == 2 or channels == outputs or (count == 1 and stride == 1)
                blocks.append(Sandglass(channels, outputs, 1 if number else stride, reduction, whole))
                channels = outputs
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.classifier = nn.Linear(channels, classes)
        initialise(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, classes) of images x (N, 3, H, W)."""
        scores: torch.Tensor = self.classifier(self.stages(self.stem(x)).mean(dim=(2, 3)))
        return scores

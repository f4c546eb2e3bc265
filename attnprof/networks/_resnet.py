"""Residual networks for images: (N, 3, H, W) to (N, classes).

Submodules bear the names that released weights use (conv1, bn1, layer1.0.conv2, layer1.0.downsample.0, fc).

Deep Residual Learning for Image Recognition. Kaiming He et al., CVPR 2016, arXiv:1512.03385, Table 1.
Aggregated Residual Transformations for Deep Neural Networks. Saining Xie et al., CVPR 2017, arXiv:1611.05431.
"""

from collections.abc import Sequence
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from attnprof.networks._joints import Sum


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)


class _Block(nn.Module):
    """A residual block's shortcut, projected where the shape changes."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.add = Sum()
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(_conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def residual(self, x: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        joined: torch.Tensor = self.add(self.residual(x), shortcut)
        return F.relu(joined)


class Basic(_Block):
    """Two 3x3 convolutions; the first one strides."""

    def __init__(self, inputs: int, width: int, stride: int, stride_first: bool) -> None:
        super().__init__(inputs, width, stride)
        self.conv1, self.bn1 = _conv(inputs, width, 3, stride), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = _conv(width, width, 3), nn.BatchNorm2d(width)

    def residual(self, x: torch.Tensor) -> torch.Tensor:
        """The block without its shortcut."""
        x = F.relu(self.bn1(self.conv1(x)))
        out: torch.Tensor = self.bn2(self.conv2(x))
        return out


class Bottleneck(_Block):
    """1x1, 3x3 and 1x1 convolutions, the last to four times the width.

    stride_first: the first 1x1 strides, not the 3x3. groups, group_width: of the 3x3 where ``width``
    is 64, so 32 groups of 4 channels in ResNeXt-50 32x4d; with the width the groups grow.
    """

    def __init__(
        self,
        inputs: int,
        width: int,
        stride: int,
        stride_first: bool,
        groups: int = 1,
        group_width: int = 64,
    ) -> None:
        super().__init__(inputs, 4 * width, stride)
        first, second = (stride, 1) if stride_first else (1, stride)
        inner = width * groups * group_width // 64
        self.conv1, self.bn1 = _conv(inputs, inner, 1, first), nn.BatchNorm2d(inner)
        self.conv2, self.bn2 = _conv(inner, inner, 3, second, groups), nn.BatchNorm2d(inner)
        self.conv3, self.bn3 = _conv(inner, 4 * width, 1), nn.BatchNorm2d(4 * width)

    def residual(self, x: torch.Tensor) -> torch.Tensor:
        """The block without its shortcut."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        out: torch.Tensor = self.bn3(self.conv3(x))
        return out


class ResNet(nn.Module):
    """A residual network: (N, channels, H, W) to (N, classes).

    blocks: how many in each of the four stages. bottleneck: which kind. stride_first, groups and group_width:
    see Bottleneck.
    """

    def __init__(
        self,
        blocks: Sequence[int],
        *,
        bottleneck: bool,
        stride_first: bool = False,
        groups: int = 1,
        group_width: int = 64,
        channels: int = 3,
        classes: int = 1000,
    ) -> None:
        super().__init__()
        grouped = partial(Bottleneck, groups=groups, group_width=group_width)
        kind, widening = (grouped, 4) if bottleneck else (Basic, 1)
        self.conv1, self.bn1 = _conv(channels, 64, 7, 2), nn.BatchNorm2d(64)
        inputs, stages = 64, []
        for stage, count in enumerate(blocks):
            width = 64 * 2**stage
            parts: list[nn.Module] = []
            for number in range(count):
                stride = 2 if stage and not number else 1
                parts.append(kind(inputs, width, stride, stride_first))
                inputs = widening * width
            stages.append(nn.Sequential(*parts))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.fc = nn.Linear(inputs, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def stem(self, x: torch.Tensor) -> torch.Tensor:
        """(N, 64, H/4, W/4) of images x (N, channels, H, W)."""
        return F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, classes) of images x (N, channels, H, W)."""
        x = self.stem(x)
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
        scores: torch.Tensor = self.fc(x.mean(dim=(2, 3)))
        return scores

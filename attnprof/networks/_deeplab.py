"""DeepLabV3+: (N, channels, H, W) to scores of every pixel, (N, classes, H, W).

    backbone    ResNet-50; its last stage keeps the size (1/16) and is dilated by 2 instead
    ASPP        1x1, three 3x3 dilated by 6, 12 and 18, and the image's mean, each to 256 channels, then mixed
    decoder     the first stage's output in 48 channels beside the ASPP's at that size (1/4), two 3x3, 1x1

ASPP and decoder as in the paper: plain convolutions, a BatchNorm behind each. Its own tables have ResNet-101
and Xception for a backbone.

Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation. Liang-Chieh Chen et al.,
ECCV 2018, arXiv:1802.02611, Section 3 and Table 2.
"""

from typing import cast

import torch
from torch import nn
from torch.nn import functional as F

from attnprof.networks._resnet import Bottleneck, ResNet

WIDTH = 256  # of ASPP and decoder
LOW = 48  # of the fine map in the decoder
RATES = (6, 12, 18)  # dilations, where the backbone's output is 1/16 of the image


def unit(inputs: int, outputs: int, kernel: int, dilation: int = 1) -> nn.Sequential:
    """Convolution without bias that keeps the size, BatchNorm and ReLU: submodules conv, norm and relu."""
    padding = dilation * (kernel // 2)
    parts = nn.Sequential()
    conv = nn.Conv2d(inputs, outputs, kernel, padding=padding, dilation=dilation, bias=False)
    parts.add_module("conv", conv)
    parts.add_module("norm", nn.BatchNorm2d(outputs))
    parts.add_module("relu", nn.ReLU())
    return parts


def resized(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """x (N, C, H, W) at the size of ``like``, bilinear."""
    return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)


class Backbone(ResNet):
    """ResNet-50 without its classifier, at 1/16: (N, channels, H, W) to two maps."""

    def __init__(self, channels: int) -> None:
        super().__init__((3, 4, 6, 3), bottleneck=True, channels=channels)
        del self.fc
        first, *others = cast("list[Bottleneck]", list(self.layer4))
        _keep_size(first)
        for block in others:
            block.conv2.dilation = block.conv2.padding = (2, 2)

    def features(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The first stage's output (N, 256, H/4, W/4) and the last one's (N, 2048, H/16, W/16)."""
        low: torch.Tensor = self.layer1(self.stem(x))
        return low, self.layer4(self.layer3(self.layer2(low)))


def _keep_size(block: Bottleneck) -> None:
    """Let a block that halves the size keep it."""
    for module in block.modules():
        if isinstance(module, nn.Conv2d):
            module.stride = (1, 1)


class ASPP(nn.Module):
    """Atrous spatial pyramid pooling: (N, inputs, H, W) to (N, WIDTH, H, W)."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        dilated = [unit(inputs, WIDTH, 3, rate) for rate in RATES]
        self.branches = nn.ModuleList([unit(inputs, WIDTH, 1), *dilated])
        self.pooled = unit(inputs, WIDTH, 1)
        self.mix = unit((2 + len(RATES)) * WIDTH, WIDTH, 1)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, inputs, H, W) with what is around each place, at several distances."""
        mean = self.pooled(x.mean(dim=(2, 3), keepdim=True))
        parts = [branch(x) for branch in self.branches] + [mean.expand(-1, -1, *x.shape[2:])]
        out: torch.Tensor = self.dropout(self.mix(torch.cat(parts, dim=1)))
        return out


class DeepLabV3Plus(nn.Module):
    """Backbone, ASPP and decoder: (N, channels, H, W) to (N, classes, H, W)."""

    def __init__(self, *, channels: int = 3, classes: int = 21) -> None:
        super().__init__()
        self.backbone, self.aspp = Backbone(channels), ASPP(2048)
        self.low = unit(256, LOW, 1)
        self.decoder = nn.Sequential(unit(LOW + WIDTH, WIDTH, 3), unit(WIDTH, WIDTH, 3))
        self.head = nn.Conv2d(WIDTH, classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, classes, H, W) of images x (N, channels, H, W)."""
        fine, coarse = self.backbone.features(x)
        fine = self.low(fine)
        joined = torch.cat((fine, resized(self.aspp(coarse), fine)), dim=1)
        return resized(self.head(self.decoder(joined)), x)

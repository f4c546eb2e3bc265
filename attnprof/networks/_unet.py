"""U-Net: (N, channels, H, W) to scores of every pixel, (N, classes, H, W). H and W are multiples of 16.

The paper's layout and widths, with what is common today: convolutions are padded, so that nothing is cropped,
and a BatchNorm follows each. Transposed convolutions double the size, as in the paper.

U-Net: Convolutional Networks for Biomedical Image Segmentation. Olaf Ronneberger et al., MICCAI 2015,
arXiv:1505.04597, Figure 1. The same layers as milesial/Pytorch-UNet without bilinear upsampling, whose
convolutions have biases in older versions.
"""

from collections import OrderedDict
from typing import cast

import torch
from torch import nn

from attnprof.networks._joints import First

WIDTHS = (64, 128, 256, 512)  # of the levels, from the finest
BRIDGE = 1024


def _pair(inputs: int, outputs: int) -> nn.Sequential:
    """Two 3x3 convolutions, each with norm and ReLU: (N, inputs, H, W) to (N, outputs, H, W)."""
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    for number, width in enumerate((inputs, outputs), 1):
        parts[f"conv{number}"] = nn.Conv2d(width, outputs, 3, padding=1, bias=False)
        parts[f"norm{number}"] = nn.BatchNorm2d(outputs)
        parts[f"relu{number}"] = nn.ReLU()
    return nn.Sequential(parts)


class Level(nn.Module):
    """What happens at one size: encode on the way down, skip to the other side, decode on the way up.

    inputs: channels from above. width: of the level; what comes from below has twice as many.
    """

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.encode = _pair(inputs, width)
        self.skip = nn.Identity()
        self.up = nn.ConvTranspose2d(2 * width, width, 2, stride=2)
        self.gate = First()
        self.decode = _pair(2 * width, width)


class UNet(nn.Module):
    """Four levels and a bridge below them: (N, channels, H, W) to (N, classes, H, W)."""

    def __init__(self, *, channels: int = 3, classes: int = 2) -> None:
        super().__init__()
        inputs = (channels, *WIDTHS)
        self.levels = nn.ModuleList(Level(*widths) for widths in zip(inputs, WIDTHS, strict=False))
        self.pool = nn.MaxPool2d(2)
        self.bridge = _pair(WIDTHS[-1], BRIDGE)
        self.head = nn.Conv2d(WIDTHS[0], classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, classes, H, W) of images x (N, channels, H, W)."""
        skips, levels = [], cast("list[Level]", list(self.levels))
        for level in levels:
            x = level.encode(x)
            skips.append(level.skip(x))
            x = self.pool(x)
        x = self.bridge(x)
        for level, skip in zip(reversed(levels), reversed(skips), strict=True):
            x = level.up(x)
            x = level.decode(torch.cat((level.gate(skip, x), x), dim=1))
        scores: torch.Tensor = self.head(x)
        return scores

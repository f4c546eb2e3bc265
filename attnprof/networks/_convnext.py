"""ConvNeXt: (N, 3, H, W) to (N, classes).

    branch = scale * project(gelu(expand(norm(depthwise 7x7(x)))))      C, 4C and C channels
    block  = x + branch

Norms are over the channels. Norm and linear layers work on maps (N, H, W, C), as in the official code.

A ConvNet for the 2020s. Zhuang Liu et al., CVPR 2022, arXiv:2201.03545, Section 2 and Table 9.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional as F

EPSILON = 1e-6  # of the norms


class MapNorm(nn.LayerNorm):
    """A LayerNorm over the channels of maps (N, C, H, W)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, C, H, W) with mean 0 and variance 1 at every place, then scaled and shifted."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvNeXtBlock(nn.Module):
    """A depthwise 7x7 and two linear layers: (N, channels, H, W) to the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=EPSILON)
        self.expand, self.project = nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), 1e-6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The block's output for x (N, channels, H, W)."""
        y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
        y = self.project(F.gelu(self.expand(y)))
        out: torch.Tensor = x + (self.scale * y).permute(0, 3, 1, 2)
        return out


class ConvNeXt(nn.Module):
    """Four stages of blocks: (N, 3, H, W) to (N, classes). widths, blocks: of each stage."""

    def __init__(self, widths: Sequence[int], blocks: Sequence[int], *, classes: int = 1000) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, widths[0], 4, 4), MapNorm(widths[0], eps=EPSILON))
        stages, inputs = [], widths[0]
        for width, count in zip(widths, blocks, strict=True):
            parts: OrderedDict[str, nn.Module] = OrderedDict()
            if width != inputs:
                halve = nn.Conv2d(inputs, width, 2, 2)
                parts["downsample"] = nn.Sequential(MapNorm(inputs, eps=EPSILON), halve)
            parts["blocks"] = nn.Sequential(*(ConvNeXtBlock(width) for _ in range(count)))
            stages.append(nn.Sequential(parts))
            inputs = width
        self.stages = nn.Sequential(*stages)
        self.norm, self.classifier = nn.LayerNorm(inputs, eps=EPSILON), nn.Linear(inputs, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, classes) of images x (N, 3, H, W)."""
        x = self.stages(self.stem(x))
        scores: torch.Tensor = self.classifier(self.norm(x.mean(dim=(2, 3))))
        return scores

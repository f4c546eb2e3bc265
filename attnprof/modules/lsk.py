"""Multiplies the map by a blend of a small and a large kernel's view, chosen at each position.

    a = conv5x5(x), b = conv7x7(a) dilated by 3 depth-wise
    a', b' = conv1x1(a), conv1x1(b)             C to h = C//2 each
    m = [mean, max] over the 2h channels of [a', b']            (2, H, W)
    s = sigmoid(conv7x7(m))                     2 to 2 maps
    core(x) = x * conv1x1(a' * s_0 + b' * s_1)  h to C; every convolution with bias
    y = core(x)                                 projections=True: y = x + P2 core(gelu(P1 x)), P: conv1x1

Large Selective Kernel Network for Remote Sensing Object Detection. Yuxuan Li et al.,
ICCV 2023, arXiv:2303.09030.
Official code: zcablii/LSKNet.
"""

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "LSK",
    "name": "Large selective kernel",
    "paper": {
        "title": "Large Selective Kernel Network for Remote Sensing Object Detection",
        "author": "Yuxuan Li",
        "venue": "ICCV",
        "year": 2023,
        "arxiv": "2303.09030",
    },
    "code": "zcablii/LSKNet",
    "family": "spatial",
    "place": "after",
    "aliases": [
        "lsknet",
        "lskblock",
        "lsk-block",
        "large-selective-kernel",
        "large-selective-kernel-attention",
    ],
    "where": {"half": "C // 2"},
    "params": "3*C*half + 2*half + 77*C + 198 + (2*C*C + 2*C if projections else 0)",
    "macs": "N*(3*C*half + 74*C + 196 + (2*C*C if projections else 0))",
    "limits": [["C >= 2", "channels must be at least 2: each kernel's view has half of them"]],
    "variants": {"projected": {"projections": True}},
    "deviations": [
        "The two masks are sigmoids of their own, not a softmax: they need not add up to 1.",
        "Mean and maximum run over the channels of both views together, not of each.",
        "The map that multiplies in the end has no activation.",
        "The plain name is the core, LSKblock; LSKNet's Attention has a projection, a GELU and a shortcut around it"
        " (variant projected).",
    ],
}


class LSK(nn.Module):
    """Large selective kernel: (N, C, H, W) to the same shape.

    channels: C. projections: 1x1 convolutions, GELU and shortcut around the core.
    """

    def __init__(self, channels: int, *, projections: bool = False) -> None:
        super().__init__()
        half = channels // 2
        self.enter = nn.Conv2d(channels, channels, 1) if projections else None
        self.near = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.far = nn.Conv2d(channels, channels, 7, padding=9, dilation=3, groups=channels)
        self.reduce_near = nn.Conv2d(channels, half, 1)
        self.reduce_far = nn.Conv2d(channels, half, 1)
        self.select = nn.Conv2d(2, 2, 7, padding=3)
        self.expand = nn.Conv2d(half, channels, 1)
        self.leave = nn.Conv2d(channels, channels, 1) if projections else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Multiply x (N, C, H, W) by the view that each position selects."""
        inner = x if self.enter is None else F.gelu(self.enter(x))
        close = self.near(inner)
        near, far = self.reduce_near(close), self.reduce_far(self.far(close))
        both = torch.cat((near, far), dim=1)
        summary = torch.cat((both.mean(dim=1, keepdim=True), both.amax(dim=1, keepdim=True)), dim=1)
        near_mask, far_mask = self.select(summary).sigmoid().chunk(2, dim=1)
        gated: torch.Tensor = inner * self.expand(near * near_mask + far * far_mask)
        return gated if self.leave is None else x + self.leave(gated)

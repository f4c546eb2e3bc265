"""Multiplies the map by a sum of strip convolutions of several lengths, mixed over the channels.

    t = conv5x5(x)                              depth-wise
    s = t + sum over k = 7, 11, 21 of conv kx1(conv 1xk(t))     depth-wise
    core(x) = x * conv1x1(s)                    C x C; every convolution with bias, no activation
    y = core(x)                                 projections=True: y = x + P2 core(gelu(P1 x)), P: conv1x1

SegNeXt: Rethinking Convolutional Attention Design for Semantic Segmentation. Meng-Hao Guo et al.,
NeurIPS 2022, arXiv:2209.08575.
Official code: Visual-Attention-Network/SegNeXt.
"""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "MSCA",
    "name": "Multi-scale convolutional attention",
    "paper": {
        "title": "SegNeXt: Rethinking Convolutional Attention Design for Semantic Segmentation",
        "author": "Meng-Hao Guo",
        "venue": "NeurIPS",
        "year": 2022,
        "arxiv": "2209.08575",
    },
    "code": "Visual-Attention-Network/SegNeXt",
    "family": "spatial",
    "place": "after",
    "aliases": ["segnext", "mscan", "multi-scale-convolutional-attention"],
    "params": "C*C + 111*C + (2*C*C + 2*C if projections else 0)",
    "macs": "N*(C*C + 103*C + (2*C*C if projections else 0))",
    "variants": {"projected": {"projections": True}},
    "deviations": [
        "The map that multiplies has no activation and no normalisation: it can be negative and larger than 1.",
        "The plain name is the core, AttentionModule; SegNeXt's SpatialAttention has a projection, a GELU and a"
        " shortcut around it (variant projected).",
        "The kernel lengths are fixed, as in the official code; on a map smaller than 21 the longest sees padding.",
    ],
}

LENGTHS = (7, 11, 21)


class MSCA(nn.Module):
    """Multi-scale convolutional attention: (N, C, H, W) to the same shape.

    channels: C. projections: 1x1 convolutions, GELU and shortcut around the core.
    """

    def __init__(self, channels: int, *, projections: bool = False) -> None:
        super().__init__()
        self.enter = nn.Conv2d(channels, channels, 1) if projections else None
        self.local = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.strips = nn.ModuleDict({f"k{length}": _strips(channels, length) for length in LENGTHS})
        self.mix = nn.Conv2d(channels, channels, 1)
        self.leave = nn.Conv2d(channels, channels, 1) if projections else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Multiply x (N, C, H, W) by what its strips add up to."""
        inner = x if self.enter is None else F.gelu(self.enter(x))
        local = self.local(inner)
        spread = local
        for strips in self.strips.values():
            spread = spread + strips(local)
        gated: torch.Tensor = inner * self.mix(spread)
        return gated if self.leave is None else x + self.leave(gated)


def _strips(channels: int, length: int) -> nn.Sequential:
    half = length // 2
    row = nn.Conv2d(channels, channels, (1, length), padding=(0, half), groups=channels)
    column = nn.Conv2d(channels, channels, (length, 1), padding=(half, 0), groups=channels)
    return nn.Sequential(OrderedDict(row=row, column=column))

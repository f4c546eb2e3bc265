"""Reweights each channel by a gate that one linear layer, without a bottleneck, computes from the global averages.

    s = mean over H, W of x                     (C); add_maxpool: (mean + max) / 2
    g = hard_sigmoid(W s + b)                   W: C x C, hard_sigmoid(t) = min(max(t + 3, 0), 6) / 6
    y = g * x

CenterMask: Real-Time Anchor-Free Instance Segmentation. Youngwan Lee et al., CVPR 2020, arXiv:1911.06667.
Official code: youngwanLEE/vovnet-detectron2.
"""

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "ESE",
    "name": "Effective Squeeze-Excitation",
    "paper": {
        "title": "CenterMask: Real-Time Anchor-Free Instance Segmentation",
        "author": "Youngwan Lee",
        "venue": "CVPR",
        "year": 2020,
        "arxiv": "1911.06667",
    },
    "code": "youngwanLEE/vovnet-detectron2",
    "family": "channel",
    "place": "after",
    "aliases": [
        "effective-se",
        "effective-squeeze-excitation",
        "effective-squeeze-and-excitation",
        "ese-module",
    ],
    "params": "C*C + C",
    "macs": "C*C",
    "variants": {"timm-maxpool": {"add_maxpool": True}},
    "deviations": [
        "There is no reduction: the official class takes one and ignores it, and the parameters grow as C*C.",
        "The gate is the hard sigmoid of slope 1/6; copies with a sigmoid, or with Keras' slope of 0.2, differ in output.",
        "timm's EffectiveSEModule is the same computation; its option add_maxpool (variant timm-maxpool) is not the paper's.",
    ],
}


class ESE(nn.Module):
    """Effective Squeeze-Excitation: (N, C, H, W) to the same shape.

    channels: C. add_maxpool: pool by the mean of the average and the maximum, not by the average alone.
    """

    def __init__(self, channels: int, *, add_maxpool: bool = False) -> None:
        super().__init__()
        self.add_maxpool = add_maxpool
        self.excite = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per channel."""
        pooled = x.mean(dim=(2, 3), keepdim=True)
        if self.add_maxpool:
            pooled = 0.5 * (pooled + x.amax(dim=(2, 3), keepdim=True))
        return x * F.hardsigmoid(self.excite(pooled))

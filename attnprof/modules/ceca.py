"""Efficient Channel Attention on a ring: the first and the last channel are neighbours, instead of zeros beside them.

    s = mean over H, W of x                     (C)
    g_c = sigmoid(sum over j of w_j s_i)        i = (c + j - (k-1)/2) mod C, j = 0 .. k-1: one kernel, no bias
    y = g * x

    k = kernel_size, or from C: t = int(|log2(C) + b| / gamma), k = max(3, t if t is odd else t + 1)

ECA-Net: Efficient Channel Attention for Deep Convolutional Neural Networks. Qilong Wang et al., CVPR 2020,
arXiv:1910.03151. The ring is timm's own and has no paper.
Code: huggingface/pytorch-image-models.
"""

from math import log2

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "CECA",
    "name": "Circular Efficient Channel Attention",
    "paper": {
        "title": "ECA-Net: Efficient Channel Attention for Deep Convolutional Neural Networks",
        "author": "Qilong Wang",
        "venue": "CVPR",
        "year": 2020,
        "arxiv": "1910.03151",
    },
    "code": "huggingface/pytorch-image-models",
    "family": "channel",
    "place": "after",
    "aliases": ["circular-eca", "circular-efficient-channel-attention", "ceca-module"],
    "where": {
        "t": "int(abs(log2(C) + b) / gamma)",
        "k": "max(3, t if t % 2 else t + 1) if kernel_size is None else kernel_size",
    },
    "params": "k",
    "macs": "k*C",
    "limits": [
        [
            "kernel_size is None or kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["gamma > 0", "gamma must be positive, not {gamma}"],
        [
            "(k - 1)//2 <= C",
            "a kernel of {k} wraps around {(k - 1)//2} channels, so there must be at least as many",
        ],
    ],
    "variants": {"k3": {"kernel_size": 3}},
    "deviations": [
        "This is timm's CecaModule, a change to ECA that the ECA paper does not have; the counts are those of ECA.",
        "The kernel that follows from the channels is at least 3, where the paper's rule gives 1 for few channels.",
        "timm takes 3 where it is not told the channels (variant k3).",
    ],
}


class CECA(nn.Module):
    """Circular Efficient Channel Attention: (N, C, H, W) to the same shape.

    channels: C. kernel_size: odd; None derives it from C with gamma and b.
    """

    def __init__(
        self, channels: int, *, kernel_size: int | None = None, gamma: float = 2, b: float = 1
    ) -> None:
        super().__init__()
        if kernel_size is None:
            width = int(abs(log2(channels) + b) / gamma)
            kernel_size = max(3, width if width % 2 else width + 1)
        self.padding = (kernel_size - 1) // 2
        self.conv = nn.Conv1d(1, 1, kernel_size, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per channel."""
        ring = F.pad(x.mean(dim=(2, 3))[:, None], (self.padding, self.padding), mode="circular")
        gate: torch.Tensor = self.conv(ring)[:, 0].sigmoid()
        return x * gate[:, :, None, None]

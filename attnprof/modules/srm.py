"""Reweights each channel by a gate computed from that channel's own mean and standard deviation.

    m = mean over H, W of x                     (C)
    d = sqrt(variance over H, W of x + eps)     (C), the variance with divisor H*W - 1
    z_c = a_c m_c + b_c d_c                     style_weight: C x 2, its rows (a_c, b_c); starts at 0, no bias
    y = x * sigmoid(BN(z))                      BatchNorm of the C values over the batch

SRM: A Style-based Recalibration Module for Convolutional Neural Networks. HyunJae Lee et al., ICCV 2019,
arXiv:1903.10829.
Official code: hyunjaelee410/style-based-recalibration-module.
"""

import torch
from torch import nn

ENTRY = {
    "class": "SRM",
    "name": "Style-based Recalibration Module",
    "paper": {
        "title": "SRM: A Style-based Recalibration Module for Convolutional Neural Networks",
        "author": "HyunJae Lee",
        "venue": "ICCV",
        "year": 2019,
        "arxiv": "1903.10829",
    },
    "code": "hyunjaelee410/style-based-recalibration-module",
    "family": "channel",
    "place": "after",
    "aliases": [
        "style-recalibration",
        "style-based-recalibration",
        "style-based-recalibration-module",
        "srm-layer",
    ],
    "params": "4*C",
    "macs": "0",
    "limits": [
        ["eps > 0", "eps must be positive, not {eps}"],
        ["N > 1", "the standard deviation needs a map of more than one position"],
        [
            "batch > 1 or not train",
            "training needs a batch of more than one: BatchNorm sees one value per channel and image",
        ],
    ],
    "deviations": [
        "The variance has the divisor H*W - 1, as in the official code, and eps inside the root.",
        "The weights start at 0, so a fresh module in evaluation halves its input.",
        "Everything is element-wise: no MACs by the papers' counting, though the two statistics read the whole map.",
    ],
}


class SRM(nn.Module):
    """Style-based Recalibration Module: (N, C, H, W) to the same shape.

    channels: C. eps: added to the variance.
    """

    def __init__(self, channels: int, *, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.style_weight = nn.Parameter(torch.zeros(channels, 2))
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per channel."""
        style = torch.stack((x.mean(dim=(2, 3)), (x.var(dim=(2, 3)) + self.eps).sqrt()), dim=2)
        mixed = (style * self.style_weight).sum(dim=2)
        gate: torch.Tensor = self.norm(mixed[:, :, None, None]).sigmoid()
        return x * gate

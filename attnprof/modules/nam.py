"""Gates every element by its batch-normalised value, weighted by its channel's share of the normalisation's scales.

    u = BN(x)                                   with scale gamma and shift, C each
    r_c = |gamma_c| / sum over j of |gamma_j|   a number to the gradient: gamma learns through BN alone
    y = x * sigmoid(r * u)

NAM: Normalization-based Attention Module. Yichao Liu et al., NeurIPS 2021 workshop, arXiv:2111.12419.
Official code: Christian-lyc/NAM.
"""

import torch
from torch import nn

ENTRY = {
    "class": "NAM",
    "name": "Normalization-based Attention Module",
    "paper": {
        "title": "NAM: Normalization-based Attention Module",
        "author": "Yichao Liu",
        "venue": "NeurIPS workshop",
        "year": 2021,
        "arxiv": "2111.12419",
    },
    "code": "Christian-lyc/NAM",
    "family": "channel",
    "place": "after",
    "aliases": ["normalization-based-attention", "normalization-based-attention-module", "nam-attention"],
    "params": "2*C",
    "macs": "0",
    "limits": [["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"]],
    "deviations": [
        "Only the channel half exists in the official code, and here; the paper's spatial half was not published.",
        "The gate has a value for every element: nothing is pooled, though the attention is called a channel one.",
        "The shares sum to 1, so with many channels the gate stays near one half.",
    ],
}


class NAM(nn.Module):
    """Normalization-based Attention Module: (N, C, H, W) to the same shape. channels: C."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) element by element."""
        scale = self.norm.weight.detach().abs()
        share = scale / scale.sum()
        gate: torch.Tensor = (share[:, None, None] * self.norm(x)).sigmoid()
        return x * gate

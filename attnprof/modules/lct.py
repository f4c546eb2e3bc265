"""Reweights each channel by its global average, normalised within a group of channels, then scaled and shifted.

    s = mean over H, W of x                     (C)
    n = (s - m) / sqrt(v + eps)                 m, v: mean, variance (divisor C/groups) of s in the channel's group
    y = x * sigmoid(w * n + b)                  w, b: C each, start at 1 and 0

Linear Context Transform Block. Dongsheng Ruan et al., AAAI 2020, arXiv:1909.03834.
Official code: none found; follows changzy00/pytorch-attention.
"""

import torch
from torch import nn

ENTRY = {
    "class": "LCT",
    "name": "Linear Context Transform",
    "paper": {
        "title": "Linear Context Transform Block",
        "author": "Dongsheng Ruan",
        "venue": "AAAI",
        "year": 2020,
        "arxiv": "1909.03834",
    },
    "code": "",
    "family": "channel",
    "place": "after",
    "aliases": ["linear-context-transform", "linear-context-transform-block", "lct-block"],
    "params": "2*C",
    "macs": "0",
    "limits": [
        ["groups > 0", "groups must be positive, not {groups}"],
        ["C % groups == 0", "channels must be a multiple of groups = {groups}"],
        ["eps > 0", "eps must be positive, not {eps}"],
    ],
    "deviations": [
        "No official code was found; operators and initial values are those of changzy00/pytorch-attention.",
        "That code gives groups no default: the 8 is chosen here.",
        "With as many groups as channels each normalised value is 0 and the gate no longer sees its input.",
    ],
}


class LCT(nn.Module):
    """Linear Context Transform: (N, C, H, W) to the same shape.

    channels: C. groups: of consecutive channels that are normalised together. eps: added to the variance.
    """

    def __init__(self, channels: int, *, groups: int = 8, eps: float = 1e-5) -> None:
        super().__init__()
        self.groups = groups
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per channel."""
        pooled = x.mean(dim=(2, 3)).view(x.shape[0], self.groups, -1)
        variance, mean = torch.var_mean(pooled, dim=2, correction=0, keepdim=True)
        normal = ((pooled - mean) * (variance + self.eps).rsqrt()).flatten(1)
        gate: torch.Tensor = (normal * self.weight + self.bias).sigmoid()
        return x * gate[:, :, None, None]

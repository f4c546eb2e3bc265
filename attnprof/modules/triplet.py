"""Averages three copies of the input, each gated on one of its planes: channels x width, height x channels and positions.

    gate(t) = sigmoid(BN(conv([max over axis 1 of t, mean over axis 1 of t]))) * t     k x k, to one map, no bias
    b1 = gate(x with C and H swapped), swapped back                                    a gate on the C x W plane
    b2 = gate(x with C and W swapped), swapped back                                    a gate on the H x C plane
    b3 = gate(x)                                                                       a gate on the H x W plane
    y = (b1 + b2 + b3) / 3                      no_spatial: (b1 + b2) / 2; each gate has weights of its own

Rotate to Attend: Convolutional Triplet Attention Module. Diganta Misra et al., WACV 2021, arXiv:2010.03045.
Official code: LandskapeAI/triplet-attention.
"""

import torch
from torch import nn

ENTRY = {
    "class": "TripletAttention",
    "name": "Triplet attention",
    "paper": {
        "title": "Rotate to Attend: Convolutional Triplet Attention Module",
        "author": "Diganta Misra",
        "venue": "WACV",
        "year": 2021,
        "arxiv": "2010.03045",
    },
    "code": "LandskapeAI/triplet-attention",
    "family": "channel+spatial",
    "place": "after",
    "aliases": ["triplet-attention", "tripletattention", "rotate-to-attend"],
    "params": "(2 if no_spatial else 3) * (2*kernel_size**2 + 2)",
    "macs": "2*kernel_size**2 * (C*W + H*C + (0 if no_spatial else N))",
    "limits": [
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        [
            "not train or batch*min(C*W, H*C, H*C if no_spatial else N) > 1",
            "training needs more than one value on each gated plane for BatchNorm",
        ],
    ],
    "variants": {"no-spatial": {"no_spatial": True}},
    "deviations": [
        "Parameters do not depend on the channels; MACs do, as two of the convolutions run over the channel axis.",
        "The official code copies the swapped maps to contiguous memory; here they stay views, which moves fewer bytes.",
        "The repository has an older file whose gate_channels and reduction_ratio do nothing: same mathematics.",
    ],
    "inside": {"mobilenetv2": {"place": "after_project"}},
}


class _Gate(nn.Module):
    def __init__(self, kernel_size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)
        self.norm = nn.BatchNorm2d(1, momentum=0.01)

    def forward(self, t: torch.Tensor) -> torch.Tensor:
        """Gate t (N, A, B, D) by one value per element of the B x D plane."""
        pooled = torch.cat((t.amax(dim=1, keepdim=True), t.mean(dim=1, keepdim=True)), dim=1)
        gate: torch.Tensor = self.norm(self.conv(pooled)).sigmoid()
        return t * gate


class TripletAttention(nn.Module):
    """Triplet attention: (N, C, H, W) to the same shape.

    channels: C, unused. kernel_size: of the convolutions, odd. no_spatial: leave the gate over positions out.
    """

    def __init__(self, channels: int, *, kernel_size: int = 7, no_spatial: bool = False) -> None:
        super().__init__()
        self.channel_width = _Gate(kernel_size)
        self.height_channel = _Gate(kernel_size)
        self.spatial = None if no_spatial else _Gate(kernel_size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The average of the gated copies of x (N, C, H, W)."""
        over_height: torch.Tensor = self.channel_width(x.transpose(1, 2)).transpose(1, 2)
        over_width: torch.Tensor = self.height_channel(x.transpose(1, 3)).transpose(1, 3)
        if self.spatial is None:
            return (over_height + over_width) / 2
        y: torch.Tensor = (over_height + over_width + self.spatial(x)) / 3
        return y

"""Gates rows, columns and channels, each by a small convolution over its averages and standard deviations.

    along one axis, with a, s = mean and standard deviation over the other two      s: over one value less
        d = (a + s)/2 + sigmoid(w1) * a + sigmoid(w2) * s
        g = sigmoid(conv1d_k(d))                zero padded, no bias; w1, w2 and the kernel: one of each per axis
    y = x * (g of rows + g of columns + g of channels)/3        channel=False: rows and columns, halved
    k = 3 for rows and columns; for channels round((log2(C) - 1)/1.5), one less where even

MCA: Multidimensional collaborative attention in deep convolutional neural networks for image recognition. Yang Yu et al.,
Engineering Applications of Artificial Intelligence 2023, doi:10.1016/j.engappai.2023.107079.
Official code: ndsclark/MCANet.
"""

from math import log2

import torch
from torch import nn

ENTRY = {
    "class": "MCA",
    "name": "MCA: multidimensional collaborative attention",
    "paper": {
        "title": (
            "MCA: Multidimensional collaborative attention in deep convolutional neural networks for image recognition"
        ),
        "author": "Yang Yu",
        "venue": "Engineering Applications of Artificial Intelligence",
        "year": 2023,
        "url": "https://doi.org/10.1016/j.engappai.2023.107079",
    },
    "code": "ndsclark/MCANet",
    "family": "channel+spatial",
    "place": "after",
    "aliases": ["mcanet", "mca-net", "multidimensional-collaborative-attention", "mcalayer"],
    "where": {"near": "round(abs((log2(C) - 1) / 1.5))", "kernel": "near if near % 2 else near - 1"},
    "params": "10 + (kernel + 2 if channel else 0)",
    "macs": "3*(H + W) + (kernel*C if channel else 0)",
    "limits": [
        [
            "not channel or kernel > 0",
            "channels = {C} leave the kernel over channels no width: 1 or more than 3",
        ],
        ["C*min(H, W) > 1 and (not channel or N > 1)", "a standard deviation needs more than one value"],
    ],
    "variants": {"no-channel": {"channel": False}},
    "deviations": [
        "The kernel over channels has the size that the official code computes, which is even less one.",
        "Standard deviations divide by one value less than there are, as in the official code.",
        "The paper's gate without channels, for maps of few channels, is called no_spatial in the official code"
        " (variant no-channel).",
    ],
}


class MCA(nn.Module):
    """Multidimensional collaborative attention: (N, C, H, W) to the same shape.

    channels: C. channel: gate the channels, too.
    """

    def __init__(self, channels: int, *, channel: bool = True) -> None:
        super().__init__()
        near = round(abs((log2(channels) - 1) / 1.5))
        self.rows, self.columns = _Gate(3), _Gate(3)
        self.channels = _Gate(near if near % 2 else near - 1) if channel else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate the rows, columns and channels of x (N, C, H, W)."""
        gates: torch.Tensor = self.rows(x, (1, 3))[:, None, :, None] + self.columns(x, (1, 2))[:, None, None]
        if self.channels is None:
            return x * (gates / 2)
        y: torch.Tensor = x * ((gates + self.channels(x, (2, 3))[..., None, None]) / 3)
        return y


class _Gate(nn.Module):
    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(2))
        self.conv = nn.Conv1d(1, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: torch.Tensor, axes: tuple[int, int]) -> torch.Tensor:
        """A gate from 0 to 1 along the axis of x (N, C, H, W) that is not in axes: (N, length)."""
        mean, spread = x.mean(dim=axes), x.std(dim=axes)
        share = self.weight.sigmoid()
        summary = (mean + spread) / 2 + share[0] * mean + share[1] * spread
        gate: torch.Tensor = self.conv(summary[:, None])[:, 0].sigmoid()
        return gate

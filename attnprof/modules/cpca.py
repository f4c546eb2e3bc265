"""Gates channels by their averages and maxima, then every element by strip convolutions at three scales.

    u = gelu(P x)                               P: conv1x1, C to C, with bias; one and the same in all three places
    f(s) = sigmoid(W2 relu(W1 s + b1) + b2)     W1: C//r x C, W2: C x C//r
    v = u * (f(mean over H, W of u) + f(maximum over H, W of u))
    t = conv5x1x5(v)                            this and the next depth-wise, zero padded, with bias
    m = t + sum over k of conv kx1(conv 1xk(t)) k = 7, 11, 21
    y = P(P(m) * v)

Channel prior convolutional attention for medical image segmentation. Hejun Huang et al.,
Computers in Biology and Medicine 2024, arXiv:2306.05196.
Official code: Cuthbert-Huang/CPCANet.
"""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "CPCA",
    "name": "Channel prior convolutional attention",
    "paper": {
        "title": "Channel prior convolutional attention for medical image segmentation",
        "author": "Hejun Huang",
        "venue": "Computers in Biology and Medicine",
        "year": 2024,
        "arxiv": "2306.05196",
    },
    "code": "Cuthbert-Huang/CPCANet",
    "family": "channel+spatial",
    "place": "after",
    "aliases": [
        "channel-prior-convolutional-attention",
        "channel-prior-conv-attention",
        "cpcanet",
        "cpca-net",
    ],
    "where": {"hidden": "C // reduction"},
    "params": "C*C + C + 2*C*hidden + hidden + C + 110*C",
    "macs": "N*(3*C*C + 103*C) + 4*C*hidden",
    "limits": [
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["C >= reduction", "channels must be at least the reduction = {reduction}"],
    ],
    "deviations": [
        "One 1x1 convolution is used three times, as in the official code: its parameters count once, its MACs thrice.",
        "The two channel gates are added after their sigmoids, so together they reach from 0 to 2; CBAM adds before one.",
        "In CPCANet it stands between a BatchNorm and a residual addition; neither is part of it.",
    ],
}


class CPCA(nn.Module):
    """Channel prior convolutional attention: (N, C, H, W) to the same shape.

    channels: C. reduction: the channel gate's hidden width is C // reduction.
    """

    def __init__(self, channels: int, *, reduction: int = 4) -> None:
        super().__init__()
        self.project = nn.Conv2d(channels, channels, 1)
        self.squeeze = nn.Conv2d(channels, channels // reduction, 1)
        self.excite = nn.Conv2d(channels // reduction, channels, 1)
        self.depthwise5 = _depthwise(channels, 5, 5)
        self.strips7, self.strips11, self.strips21 = (_strips(channels, size) for size in (7, 11, 21))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by channel, then by element."""
        u = F.gelu(self.project(x))
        u = u * (self._gate(u.mean(dim=(2, 3), keepdim=True)) + self._gate(u.amax(dim=(2, 3), keepdim=True)))
        t = self.depthwise5(u)
        mixed = t + self.strips7(t) + self.strips11(t) + self.strips21(t)
        y: torch.Tensor = self.project(self.project(mixed) * u)
        return y

    def _gate(self, pooled: torch.Tensor) -> torch.Tensor:
        # (N, C, 1, 1) to the same shape.
        gate: torch.Tensor = self.excite(self.squeeze(pooled).relu()).sigmoid()
        return gate


def _depthwise(channels: int, height: int, width: int) -> nn.Conv2d:
    return nn.Conv2d(channels, channels, (height, width), padding=(height // 2, width // 2), groups=channels)


def _strips(channels: int, size: int) -> nn.Sequential:
    row, column = _depthwise(channels, 1, size), _depthwise(channels, size, 1)
    return nn.Sequential(OrderedDict(row=row, column=column))

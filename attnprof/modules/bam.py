"""Reweights every element by a gate from a channel branch times a branch of dilated convolutions.

    h = C//r
    c = W2 relu(BN(W1 s + b1)) + b2             (C), s = mean over H, W of x, W1: h x C, W2: C x h
    p = relu(BN(conv1x1(x)))                    (h, H, W)
    p = relu(BN(conv3x3(p)))                    `convs` times, dilated, padded to keep the size
    p = conv1x1(p)                              (1, H, W)
    y = (1 + sigmoid(c * p)) * x                every convolution with bias; combine "add": c + p

BAM: Bottleneck Attention Module. Jongchan Park et al., BMVC 2018, arXiv:1807.06514.
Official code: Jongchan/attention-module.
"""

from collections import OrderedDict

import torch
from torch import nn

ENTRY = {
    "class": "BAM",
    "name": "Bottleneck Attention Module",
    "paper": {
        "title": "BAM: Bottleneck Attention Module",
        "author": "Jongchan Park",
        "venue": "BMVC",
        "year": 2018,
        "arxiv": "1807.06514",
    },
    "code": "Jongchan/attention-module",
    "family": "channel+spatial",
    "place": "after",
    "aliases": ["bottleneck-attention-module", "bam-block"],
    "where": {"hidden": "C // reduction"},
    "params": "3*C*hidden + C + 7*hidden + 1 + convs*(9*hidden**2 + 3*hidden)",
    "macs": "2*C*hidden + N*(C*hidden + 9*convs*hidden**2 + hidden)",
    "limits": [
        ["combine in ('multiply', 'add')", "combine must be 'multiply' or 'add', not {combine}"],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["dilation > 0", "dilation must be positive, not {dilation}"],
        ["convs >= 0", "convs must not be negative, as {convs} is"],
        ["C >= reduction", "channels must be at least the reduction = {reduction}"],
        [
            "batch > 1 or not train",
            "training needs a batch of at least 2: BatchNorm sees one value per channel and image",
        ],
    ],
    "variants": {"add": {"combine": "add"}},
    "deviations": [
        "The paper adds the two branches (variant add); the official code and its released weights multiply them.",
        "The paper ends both branches in a BatchNorm; the official code, as here, has it behind hidden layers only.",
        "The official code averages over a height x height square, right for square maps only; here over the whole map.",
        "xmu-xiaoma666's copy has more layers and convolutions that shrink the map: another network.",
    ],
    "inside": {"resnet": {"place": "after_stage:1-3"}},
}


class _ChannelBranch(nn.Module):
    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, hidden)
        self.norm = nn.BatchNorm1d(hidden)
        self.excite = nn.Linear(hidden, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """One score per channel of x (N, C, H, W): (N, C, 1, 1)."""
        score: torch.Tensor = self.excite(self.norm(self.squeeze(x.mean(dim=(2, 3)))).relu())
        return score[:, :, None, None]


def _hidden_layer(conv: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(OrderedDict(conv=conv, norm=nn.BatchNorm2d(conv.out_channels), relu=nn.ReLU()))


class _SpatialBranch(nn.Module):
    def __init__(self, channels: int, hidden: int, dilation: int, convs: int) -> None:
        super().__init__()
        self.reduce = _hidden_layer(nn.Conv2d(channels, hidden, 1))
        self.dilated = nn.Sequential(
            *(
                _hidden_layer(nn.Conv2d(hidden, hidden, 3, padding=dilation, dilation=dilation))
                for _ in range(convs)
            )
        )
        self.project = nn.Conv2d(hidden, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """One score per position of x (N, C, H, W): (N, 1, H, W)."""
        score: torch.Tensor = self.project(self.dilated(self.reduce(x)))
        return score


class BAM(nn.Module):
    """Bottleneck Attention Module: (N, C, H, W) to the same shape.

    channels: C. reduction: hidden width is C // reduction. dilation, convs: of the 3x3 convolutions.
    combine: "multiply" or "add" the branches.
    """

    def __init__(
        self,
        channels: int,
        *,
        reduction: int = 16,
        dilation: int = 4,
        convs: int = 2,
        combine: str = "multiply",
    ) -> None:
        super().__init__()
        self.combine = combine
        self.channel = _ChannelBranch(channels, channels // reduction)
        self.spatial = _SpatialBranch(channels, channels // reduction, dilation, convs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per element, between 1 and 2."""
        channel, spatial = self.channel(x), self.spatial(x)
        score: torch.Tensor = channel + spatial if self.combine == "add" else channel * spatial
        return (1 + score.sigmoid()) * x

"""Gates half of each group's channels by their averages and the other half by position, then shuffles all channels.

    per group of C/groups consecutive channels: a, b = its first and second half, c = C/(2 groups) channels each
    a' = a * sigmoid(w1 * (mean over H, W of a) + b1)
    b' = b * sigmoid(w2 * GN(b) + b2)           GN: GroupNorm of c groups: a channel by itself, then scale, shift
    y = shuffle([a', b'] of all groups)         the C channels seen as (2, C/2), transposed, flattened

    w1, b1, w2, b2: c numbers each, shared by all groups; w start at 0, b at 1

SA-Net: Shuffle Attention for Deep Convolutional Neural Networks. Qing-Long Zhang et al., ICASSP 2021,
arXiv:2102.00240.
Official code: wofmanaf/SA-Net.
"""

import torch
from torch import nn

ENTRY = {
    "class": "ShuffleAttention",
    "name": "Shuffle Attention",
    "paper": {
        "title": "SA-Net: Shuffle Attention for Deep Convolutional Neural Networks",
        "author": "Qing-Long Zhang",
        "venue": "ICASSP",
        "year": 2021,
        "arxiv": "2102.00240",
    },
    "code": "wofmanaf/SA-Net",
    "family": "channel+spatial",
    "place": "after",
    "aliases": ["shuffle-attention", "sa-net", "sanet", "shuffleattention"],
    "params": "3*C//groups",
    "macs": "0",
    "limits": [
        ["groups > 0", "groups must be positive, not {groups}"],
        ["C % (2*groups) == 0", "channels must be a multiple of 2 x groups = {2*groups}"],
        [
            "groups*N > 1",
            "GroupNorm needs more than one value: a larger map or more groups",
        ],
    ],
    "variants": {"g64": {"groups": 64}},
    "deviations": [
        "The official code has 64 groups unless told, which needs a multiple of 128 channels (variant g64); with the 8"
        " here it fits the usual widths.",
        "The groups share their parameters: the more groups, the fewer parameters.",
        "The shuffle does not undo the grouping: channels come out in another order even where every gate is 1.",
        "A fresh module multiplies by sigmoid(1) = 0.731 everywhere: give it random weights before comparing.",
    ],
    "inside": {"resnet-bottleneck": {"settings": {"groups": 64}}},
}


class ShuffleAttention(nn.Module):
    """Shuffle Attention: (N, C, H, W) to the same shape.

    channels: C. groups: each of C // groups consecutive channels.
    """

    def __init__(self, channels: int, *, groups: int = 8) -> None:
        super().__init__()
        half = channels // (2 * groups)
        self.groups = groups
        self.channel_weight = nn.Parameter(torch.zeros(1, half, 1, 1))
        self.channel_bias = nn.Parameter(torch.ones(1, half, 1, 1))
        self.spatial_weight = nn.Parameter(torch.zeros(1, half, 1, 1))
        self.spatial_bias = nn.Parameter(torch.ones(1, half, 1, 1))
        self.norm = nn.GroupNorm(half, half)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) and shuffle its channels."""
        n, c, h, w = x.shape
        grouped = x.reshape(n * self.groups, c // self.groups, h, w)
        first, second = grouped.chunk(2, dim=1)
        pooled = first.mean(dim=(2, 3), keepdim=True)
        first = first * (self.channel_weight * pooled + self.channel_bias).sigmoid()
        second = second * (self.spatial_weight * self.norm(second) + self.spatial_bias).sigmoid()
        gated = torch.cat((first, second), dim=1)
        return gated.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)

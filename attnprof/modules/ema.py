"""Gates each position by how two branches over groups of channels, strips and 3x3 patches, agree on it.

    x in G groups of g = C/G channels; every group passes through the same weights
    a, b = mean over W, mean over H of x        (g, H), (g, W)
    u, v = split of conv1x1([a, b])             (g, H), (g, W), with bias
    p = GroupNorm(x * sigmoid(u) * sigmoid(v))  g groups, so one channel each
    q = conv3x3(x)                              (g, H, W), with bias
    m = softmax(mean over H, W of p) . q + softmax(mean over H, W of q) . p
                                                softmax and dot product over the g channels: (1, H, W)
    y = x * sigmoid(m)

Efficient Multi-Scale Attention Module with Cross-Spatial Learning. Daliang Ouyang et al.,
ICASSP 2023, arXiv:2305.13563.
Official code: YOLOonMe/EMA-attention-module.
"""

import torch
from torch import nn

ENTRY = {
    "class": "EMA",
    "name": "Efficient Multi-Scale Attention",
    "paper": {
        "title": "Efficient Multi-Scale Attention Module with Cross-Spatial Learning",
        "author": "Daliang Ouyang",
        "venue": "ICASSP",
        "year": 2023,
        "arxiv": "2305.13563",
    },
    "code": "YOLOonMe/EMA-attention-module",
    "family": "channel+spatial",
    "place": "after",
    "aliases": ["efficient-multi-scale-attention", "efficient-multiscale-attention", "ema-attention"],
    "where": {"width": "C // groups"},
    "params": "10*width*width + 4*width",
    "macs": "C*width*(H + W + 9*N) + 2*C*N",
    "limits": [
        ["groups > 0", "groups must be positive, not {groups}"],
        ["C % groups == 0", "channels must be a multiple of the groups = {groups}"],
        ["batch*groups*N > 1", "a single group at a single position leaves GroupNorm one value per channel"],
    ],
    "variants": {"g8": {"groups": 8}},
    "deviations": [
        "The groups are called factor in the official code; many YOLO ports have 8 (variant g8), not 32.",
        "All groups share their weights: the parameters depend on C/G alone, and are few.",
        "The official code only asks that C // 32 is not 0 and fails in the forward pass elsewhere.",
    ],
}


class EMA(nn.Module):
    """Efficient Multi-Scale Attention: (N, C, H, W) to the same shape.

    channels: C. groups: G, how many groups of channels share the weights.
    """

    def __init__(self, channels: int, *, groups: int = 32) -> None:
        super().__init__()
        width = channels // groups
        self.groups = groups
        self.strips = nn.Conv2d(width, width, 1)
        self.norm = nn.GroupNorm(width, width)
        self.local = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per group and position."""
        n, c, h, w = x.shape
        grouped = x.reshape(n * self.groups, c // self.groups, h, w)
        by_row = grouped.mean(dim=3, keepdim=True)
        by_column = grouped.mean(dim=2, keepdim=True).transpose(2, 3)
        rows, columns = self.strips(torch.cat((by_row, by_column), dim=2)).split((h, w), dim=2)
        coarse = self.norm(grouped * rows.sigmoid() * columns.transpose(2, 3).sigmoid())
        fine = self.local(grouped)
        gate: torch.Tensor = (_read(coarse, fine) + _read(fine, coarse)).sigmoid()
        return (grouped * gate.view(-1, 1, h, w)).view(n, c, h, w)


def _read(weigher: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    # Two (B, g, H, W) to (B, 1, H*W): a weighted sum of the values' channels.
    weights = weigher.mean(dim=(2, 3)).softmax(dim=1)
    return weights[:, None] @ values.flatten(2)

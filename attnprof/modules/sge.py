"""Gates the positions of each group of channels by how well they match the group's average, standardised over the map.

    per group of C/groups consecutive channels:
    t_p = x_p . (mean over H, W of x)           one map (H, W)
    n = (t - mean of t) / (sd of t + eps)       over the map; sd with divisor H*W - 1
    y = x * sigmoid(w n + b)                    w, b: one number a group each, start at 0 and 1

Spatial Group-wise Enhance: Improving Semantic Feature Learning in Convolutional Networks. Xiang Li et al., arXiv 2019,
arXiv:1905.09646.
Official code: implus/PytorchInsight.
"""

import torch
from torch import nn

ENTRY = {
    "class": "SGE",
    "name": "Spatial Group-wise Enhance",
    "paper": {
        "title": "Spatial Group-wise Enhance: Improving Semantic Feature Learning in Convolutional Networks",
        "author": "Xiang Li",
        "venue": "arXiv",
        "year": 2019,
        "arxiv": "1905.09646",
    },
    "code": "implus/PytorchInsight",
    "family": "spatial",
    "place": "after",
    "aliases": ["spatial-group-wise-enhance", "spatial-groupwise-enhance", "sge-net"],
    "params": "2*groups",
    "macs": "0",
    "limits": [
        ["groups > 0", "groups must be positive, not {groups}"],
        ["C % groups == 0", "channels must be a multiple of groups = {groups}"],
        ["eps > 0", "eps must be positive, not {eps}"],
        ["N > 1", "the standard deviation needs a map of more than one position"],
    ],
    "variants": {"g8": {"groups": 8}},
    "deviations": [
        "The official ResNets have 64 groups; xmu-xiaoma666's External-Attention-pytorch has 8 (variant g8).",
        "The standard deviation has the divisor H*W - 1 and eps is added to it, not to the variance.",
        "A fresh module multiplies its input by sigmoid(1) = 0.731: give it random weights before comparing.",
        "The dot products are element-wise products and sums, so they have no part in the MACs.",
    ],
}


class SGE(nn.Module):
    """Spatial Group-wise Enhance: (N, C, H, W) to the same shape.

    channels: C. groups: each of C // groups consecutive channels. eps: added to the standard deviation.
    """

    def __init__(self, channels: int, *, groups: int = 64, eps: float = 1e-5) -> None:
        super().__init__()
        self.groups = groups
        self.eps = eps
        self.weight = nn.Parameter(torch.zeros(1, groups, 1, 1))
        self.bias = nn.Parameter(torch.ones(1, groups, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one map per group."""
        n, c, h, w = x.shape
        grouped = x.view(n, self.groups, c // self.groups, h, w)
        match = (grouped * grouped.mean(dim=(3, 4), keepdim=True)).sum(dim=2)
        sd, mean = torch.std_mean(match, dim=(2, 3), keepdim=True)
        gate = (self.weight * ((match - mean) / (sd + self.eps)) + self.bias).sigmoid()
        return (grouped * gate[:, :, None]).flatten(1, 2)

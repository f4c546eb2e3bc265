"""Gathers global descriptors with one attention over positions, then hands each position a mixture of them.

    a = conv1x1(x), b = conv1x1(x), v = conv1x1(x)       (m, H*W) each, m = C//r, all with bias
    G = a (softmax of b over the H*W positions)^T        m x m: m descriptors
    Z = G (softmax of v over its m channels)             (m, H*W)
    y = conv1x1(Z)                                       (C, H, W), with bias, no residual

A^2-Nets: Double Attention Networks. Yunpeng Chen et al., NeurIPS 2018, arXiv:1810.11579.
Official code: none; ported as in changzy00/pytorch-attention.
"""

import torch
from torch import nn

ENTRY = {
    "class": "DoubleAttention",
    "name": "Double attention",
    "paper": {
        "title": "A^2-Nets: Double Attention Networks",
        "author": "Yunpeng Chen",
        "venue": "NeurIPS",
        "year": 2018,
        "arxiv": "1810.11579",
    },
    "code": "",
    "family": "self-attention",
    "place": "after",
    "aliases": ["double-attention", "doubleattention", "a2-net", "a2-nets", "a2net"],
    "where": {"hidden": "C // reduction"},
    "params": "4*C*hidden + 3*hidden + C",
    "macs": "4*C*hidden*N + 2*N*hidden**2",
    "limits": [
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["C >= reduction", "channels must be at least the reduction = {reduction}"],
    ],
    "variants": {"r2": {"reduction": 2}},
    "deviations": [
        "No official PyTorch code exists; as in changzy00's port, the input is not added to the output.",
        "gjylt's port stops before the projection, so its output has m channels.",
        "xmu-xiaoma666's port takes both softmaxes over the batch by mistake: same counts, another function.",
        "The paper lets the number of features and of attention maps differ; here both are C // reduction.",
    ],
    "inside": {"resnet": {"place": "after_block:2-3:every_2"}},
}


class DoubleAttention(nn.Module):
    """Double attention: (N, C, H, W) to the same shape.

    channels: C. reduction: features, gathering and distributing maps are C // reduction each.
    """

    def __init__(self, channels: int, *, reduction: int = 4) -> None:
        super().__init__()
        hidden = channels // reduction
        self.features = nn.Conv2d(channels, hidden, 1)
        self.gather = nn.Conv2d(channels, hidden, 1)
        self.distribute = nn.Conv2d(channels, hidden, 1)
        self.project = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Rebuild x (N, C, H, W) from its global descriptors."""
        features = self.features(x).flatten(2)
        gather = self.gather(x).flatten(2).softmax(dim=2)
        distribute = self.distribute(x).flatten(2).softmax(dim=1)
        descriptors = features @ gather.transpose(1, 2)
        y: torch.Tensor = self.project((descriptors @ distribute).unflatten(2, x.shape[2:]))
        return y

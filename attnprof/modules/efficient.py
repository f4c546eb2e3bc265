"""Attends to all positions at linear cost: keys summarise the map in a small matrix that each query then reads.

    q, k = conv1x1(x), conv1x1(x)               (D, H*W), with bias; D = C//r
    v = conv1x1(x)                              (E, H*W), with bias; E = C//r
    per head of D/heads and E/heads channels:
        context = (softmax of k over the H*W positions) v^T             D/heads x E/heads
        out = context^T (softmax of q over its channels)
    y = x + conv1x1(heads side by side)         with bias; nothing is scaled

Efficient Attention: Attention with Linear Complexities. Zhuoran Shen et al., WACV 2021, arXiv:1812.01243.
Official code: cmsflash/efficient-attention.
"""

import torch
from torch import nn

ENTRY = {
    "class": "EfficientAttention",
    "name": "Efficient attention",
    "paper": {
        "title": "Efficient Attention: Attention with Linear Complexities",
        "author": "Zhuoran Shen",
        "venue": "WACV",
        "year": 2021,
        "arxiv": "1812.01243",
    },
    "code": "cmsflash/efficient-attention",
    "family": "self-attention",
    "place": "after",
    "aliases": ["efficient-attention", "efficientattention", "linear-attention"],
    "where": {
        "keys": "C // reduction if key_channels is None else key_channels",
        "values": "C // reduction if value_channels is None else value_channels",
    },
    "params": "2*(C + 1)*keys + (C + 1)*values + (values + 1)*C",
    "macs": "N*(2*C*keys + 2*C*values) + 2*N*keys*values//heads",
    "limits": [
        ["heads > 0", "heads must be positive, not {heads}"],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        [
            "keys > 0 and keys % heads == 0",
            "key channels = {keys} must be a positive multiple of the heads = {heads}",
        ],
        [
            "values > 0 and values % heads == 0",
            "value channels = {values} must be a positive multiple of the heads = {heads}",
        ],
    ],
    "variants": {"h8": {"reduction": 1, "heads": 8}},
    "deviations": [
        "The official constructor has no defaults; half of the channels and one head are a choice made here.",
        "The two softmaxes have different axes, positions for the keys and channels for the queries, so this is no"
        " rearrangement of softmax attention: the outputs differ.",
        "The residual is part of the module.",
    ],
}


class EfficientAttention(nn.Module):
    """Efficient attention: (N, C, H, W) to the same shape.

    channels: C. reduction: keys and values have C // reduction channels where key_channels or value_channels, over all
    heads, is not given. heads: over which keys and values are divided.
    """

    def __init__(
        self,
        channels: int,
        *,
        reduction: int = 2,
        key_channels: int | None = None,
        value_channels: int | None = None,
        heads: int = 1,
    ) -> None:
        super().__init__()
        keys = channels // reduction if key_channels is None else key_channels
        values = channels // reduction if value_channels is None else value_channels
        self.heads = heads
        self.query = nn.Conv2d(channels, keys, 1)
        self.key = nn.Conv2d(channels, keys, 1)
        self.value = nn.Conv2d(channels, values, 1)
        self.project = nn.Conv2d(values, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add to x (N, C, H, W) what each position reads from the summary."""
        query, key, value = (
            conv(x).flatten(2).unflatten(1, (self.heads, -1)) for conv in (self.query, self.key, self.value)
        )  # (N, heads, D, H*W)
        context = key.softmax(dim=3) @ value.transpose(2, 3)
        attended = context.transpose(2, 3) @ query.softmax(dim=2)
        y: torch.Tensor = x + self.project(attended.flatten(1, 2).unflatten(2, x.shape[2:]))
        return y

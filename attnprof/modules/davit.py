"""Attends between channels in groups: keys and values over all positions weigh how queries mix their channels.

    [q, k, v] = linear(x)                       C channels each, in heads of d = C/heads
    per head, with q, k, v as H*W x d:
        A = softmax over the last axis of (k / sqrt(d))^T v     d x d
        out = q A^T
    y = linear(heads side by side)              with bias

DaViT: Dual Attention Vision Transformers. Mingyu Ding et al., ECCV 2022, arXiv:2204.03645.
Official code: dingmyu/davit; ported as in timm.
"""

import torch
from torch import nn

from attnprof.modules._maps import join_heads, split_heads, to_map, to_tokens

ENTRY = {
    "class": "ChannelGroupAttention",
    "name": "Channel group attention",
    "paper": {
        "title": "DaViT: Dual Attention Vision Transformers",
        "author": "Mingyu Ding",
        "venue": "ECCV",
        "year": 2022,
        "arxiv": "2204.03645",
    },
    "code": "dingmyu/davit",
    "family": "self-attention",
    "place": "after",
    "aliases": ["davit-channel", "channel-group-attention"],
    "related": ["dual-attention-vision-transformer"],
    "where": {"groups": "C // 32 if heads is None else heads"},
    "params": "4*C*C + C + (3*C if qkv_bias else 0)",
    "macs": "N*(4*C*C + 2*C*(C//groups))",
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        [
            "heads is not None or C % 32 == 0",
            "without heads, channels must be a multiple of 32: heads are 32 wide",
        ],
        ["heads is None or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
    ],
    "deviations": [
        "Keys meet values, and the result is applied to the queries, as in the first form in timm; elsewhere"
        " queries meet keys and the result is applied to the values.",
        "The scale is that of the head's width, although the products sum over the positions.",
        "DaViT alternates this with window attention (see swin); the convolutions and residuals around are left out.",
    ],
}


class ChannelGroupAttention(nn.Module):
    """Channel group attention of DaViT: (N, C, H, W) to the same shape.

    channels: C. heads: groups of channels that attend to each other; unless given, C // 32.
    qkv_bias: biases in the first layer.
    """

    def __init__(self, channels: int, *, heads: int | None = None, qkv_bias: bool = True) -> None:
        super().__init__()
        self.heads = channels // 32 if heads is None else heads
        self.qkv = nn.Linear(channels, 3 * channels, bias=qkv_bias)
        self.project = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let the channels of x (N, C, H, W) attend to each other."""
        parts = self.qkv(to_tokens(x)).chunk(3, dim=2)
        query, key, value = (split_heads(part, self.heads) for part in parts)  # (N, heads, H*W, d)
        key = key * key.shape[3] ** -0.5
        weights = (key.transpose(2, 3) @ value).softmax(dim=3)
        mixed = (weights @ query.transpose(2, 3)).transpose(2, 3)
        return to_map(self.project(join_heads(mixed)), *x.shape[2:])

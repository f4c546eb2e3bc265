"""Attends with a single head in a seventh or so of the channels; the others join before the projection.

    [a, b] = the first p and the other channels of x        p = 3*C//14 unless given
    u = GroupNorm(a)                            one group: mean and variance over C, H and W
    [q, k, v] = BN(conv1x1(u))                  d, d and p channels, no bias
    o = softmax over m of q_p . k_m / sqrt(d) times v       (p, H, W), over all positions
    y = x + BN(conv1x1(relu([o, b])))           no bias; this BN's weight is 0 at first: y = x

SHViT: Single-Head Vision Transformer with Memory Efficient Macro Design. Seokju Yun and Youngmin Ro,
CVPR 2024, arXiv:2401.16456.
Official code: ysj9909/SHViT; ported as in timm.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import join_heads, split_heads, to_map, to_tokens

ENTRY = {
    "class": "SHSA",
    "name": "SHSA: single-head self-attention",
    "paper": {
        "title": "SHViT: Single-Head Vision Transformer with Memory Efficient Macro Design",
        "author": "Seokju Yun",
        "venue": "CVPR",
        "year": 2024,
        "arxiv": "2401.16456",
    },
    "code": "ysj9909/SHViT",
    "family": "self-attention",
    "place": "after",
    "aliases": ["shvit", "single-head-self-attention", "single-head-attention"],
    "where": {"p": "3*C // 14 if partial is None else partial"},
    "params": "2*p + (p + 2)*(2*key_channels + p) + C*C + 2*C",
    "macs": "N*(p*(2*key_channels + p) + C*C) + N*N*(key_channels + p)",
    "limits": [
        ["0 < p <= C", "the channels that attend must be from 1 to C = {C}, not {p}"],
        ["key_channels > 0", "key_channels must be positive, not {key_channels}"],
        ["batch*p*N > 1", "a single channel at a single position leaves GroupNorm one value"],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "deviations": [
        "The paper's share of the channels is 1/4.67; 3*C//14 gives the published models' 48 of 224, 68 of 320, 66 of 308, 75 of"
        " 352, 72 of 336 and 96 of 448.",
        "The residual is part of it: the last BatchNorm's weight starts at 0, and without x a fresh module would give zeros.",
        "The block's depthwise convolution and feed-forward part around it are left out.",
    ],
}


class SHSA(nn.Module):
    """Single-head self-attention in a part of the channels: (N, C, H, W) to the same shape.

    channels: C. partial: p. key_channels: d.
    """

    def __init__(self, channels: int, *, partial: int | None = None, key_channels: int = 16) -> None:
        super().__init__()
        part = 3 * channels // 14 if partial is None else partial
        self.part, self.widths = part, (key_channels, key_channels, part)
        self.norm = nn.GroupNorm(1, part)
        self.qkv = _conv(part, 2 * key_channels + part)
        self.project = _conv(channels, channels, scale=0.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add to x (N, C, H, W) what a part of its channels attends to."""
        part, rest = x[:, : self.part], x[:, self.part :]
        widened = self.qkv(self.norm(part)).split(self.widths, dim=1)
        query, key, value = (split_heads(to_tokens(t), 1) for t in widened)
        attended = to_map(join_heads(F.scaled_dot_product_attention(query, key, value)), *x.shape[2:])
        y: torch.Tensor = x + self.project(torch.cat((attended, rest), dim=1).relu())
        return y


def _conv(inputs: int, outputs: int, *, scale: float = 1.0) -> nn.Sequential:
    # scale: of the norm's weight at first.
    conv, norm = nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
    nn.init.constant_(norm.weight, scale)
    return nn.Sequential(OrderedDict(conv=conv, norm=norm))

"""Attends along vertical stripes with half of the heads and along horizontal stripes with the other half.

    [q, k, v] = linear(x)                       C channels each, in heads of d = C/heads; with bias
    first half of the channels:   stripes of H rows and s columns
    second half of the channels:  stripes of s rows and W columns
    per stripe: out = softmax over m of q_p . k_m / sqrt(d) times v + depthwise conv3x3(v)
                the convolution, with bias, sees zeros outside of the stripe; each half has its own
    y = linear(both halves side by side)        with bias

s is 1, 2, 7, 7 by stage: for maps of about 56, 28, 14 and 7 pixels.

CSWin Transformer: A General Vision Transformer Backbone with Cross-Shaped Windows. Xiaoyi Dong et al.,
CVPR 2022, arXiv:2107.00652.
Official code: microsoft/CSWin-Transformer.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.catalogue.formula import stage
from attnprof.modules._maps import from_windows, join_heads, split_heads, to_map, to_tokens, to_windows

ENTRY = {
    "class": "CrossShapedWindowAttention",
    "name": "Cross-shaped window attention",
    "paper": {
        "title": "CSWin Transformer: A General Vision Transformer Backbone with Cross-Shaped Windows",
        "author": "Xiaoyi Dong",
        "venue": "CVPR",
        "year": 2022,
        "arxiv": "2107.00652",
    },
    "code": "microsoft/CSWin-Transformer",
    "family": "self-attention",
    "place": "after",
    "aliases": [
        "cswin-transformer",
        "cross-shaped-window",
        "cross-shaped-window-attention",
        "lepe-attention",
    ],
    "sized": "split_size is None",
    "where": {
        "groups": "C // 32 if heads is None else heads",
        "stripe": "(1, 2, 7, 7)[stage(H, W)] if split_size is None else split_size",
    },
    "params": "4*C*C + 11*C + (3*C if qkv_bias else 0)",
    "macs": "N*(4*C*C + 9*C) + N*stripe*(H + W)*C",
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        [
            "heads is not None or C % 64 == 0",
            "without heads, channels must be a multiple of 64: 32 for each head of a pair",
        ],
        [
            "heads is None or heads % 2 == 0",
            "heads must be even, not {heads}: one half for each kind of stripe",
        ],
        ["heads is None or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        ["split_size is None or split_size > 0", "split_size must be positive, not {split_size}"],
        [
            "H % stripe == 0 and W % stripe == 0",
            "height and width must be multiples of the stripes' width = {stripe}",
        ],
    ],
    "variants": {"split1": {"split_size": 1}, "split2": {"split_size": 2}},
    "deviations": [
        "The official block is built for one square map; here any size that the stripes divide works.",
        "Where a stripe is the whole map the official block has one branch: the same attention, parameters and counts.",
        "The convolution's zero padding is at the borders of the stripes, not of the map.",
        "The block's norms, residuals and MLP are left out.",
    ],
}


class CrossShapedWindowAttention(nn.Module):
    """Cross-shaped window attention of CSWin: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map, needed where split_size is not given. split_size: s, width of the stripes.
    heads: over both halves; unless given, C // 32. qkv_bias: biases in the first layer.
    """

    def __init__(
        self,
        channels: int,
        *,
        height: int | None = None,
        width: int | None = None,
        split_size: int | None = None,
        heads: int | None = None,
        qkv_bias: bool = True,
    ) -> None:
        super().__init__()
        if split_size is None:
            if height is None or width is None:
                raise ValueError(
                    "the stripes' width follows from the map's size: give height and width, or split_size"
                )
            split_size = (1, 2, 7, 7)[stage(height, width)]
        half = channels // 2
        self.stripe = split_size
        self.heads = (channels // 32 if heads is None else heads) // 2
        self.qkv = nn.Linear(channels, 3 * channels, bias=qkv_bias)
        self.vertical = nn.Conv2d(half, half, 3, padding=1, groups=half)
        self.horizontal = nn.Conv2d(half, half, 3, padding=1, groups=half)
        self.project = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to its two stripes."""
        height, width = x.shape[2:]
        qkv = [to_map(part, height, width).chunk(2, dim=1) for part in self.qkv(to_tokens(x)).chunk(3, dim=2)]
        first, second = zip(*qkv, strict=True)
        halves = (
            self._attend(first, self.vertical, height, self.stripe),
            self._attend(second, self.horizontal, self.stripe, width),
        )
        return to_map(self.project(to_tokens(torch.cat(halves, dim=1))), height, width)

    def _attend(
        self, qkv: tuple[torch.Tensor, ...], local: nn.Module, height: int, width: int
    ) -> torch.Tensor:
        # Maps of q, k and v (N, C/2, H, W) to one of that shape, in stripes of height x width.
        stripes = [to_windows(part, height, width) for part in qkv]
        query, key, value = (split_heads(to_tokens(part).contiguous(), self.heads) for part in stripes)
        attended = join_heads(F.scaled_dot_product_attention(query, key, value))
        return from_windows(to_map(attended, height, width) + local(stripes[2]), *qkv[0].shape[2:])

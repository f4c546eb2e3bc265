"""Lets every position attend to all positions, by content and by where they lie relative to it.

    [q, k, v] = conv1x1(x)                      C channels each, in heads of d = C/heads; no bias
    logits = q_p . k_m / sqrt(d) + q_p . R_h[row_m - row_p + H-1] + q_p . R_w[col_m - col_p + W-1]
             per head; R_h: (2H-1, d), R_w: (2W-1, d), learned, shared by the heads
             scale_position: the last two terms are divided by sqrt(d), too
    y = softmax over m of logits times v        heads side by side; no projection behind it

Bottleneck Transformers for Visual Recognition. Aravind Srinivas et al., CVPR 2021, arXiv:2101.11605.
Official code: a TensorFlow listing only; ported as in timm.
"""

import torch
from torch import nn

from attnprof.modules._maps import join_heads, relative_logits, split_heads, to_map, to_tokens

ENTRY = {
    "class": "BottleneckAttention",
    "name": "Bottleneck transformer attention",
    "paper": {
        "title": "Bottleneck Transformers for Visual Recognition",
        "author": "Aravind Srinivas",
        "venue": "CVPR",
        "year": 2021,
        "arxiv": "2101.11605",
    },
    "code": "",
    "family": "self-attention",
    "place": "replace",
    "aliases": ["bot", "botnet-mhsa", "bottleneck-transformer", "bottleneck-attention", "bottleneck-attn"],
    "params": "3*C*C + (2*H + 2*W - 2)*(C//heads)",
    "macs": "N*(3*C*C + C*(2*H + 2*W - 2)) + 2*C*N*N",
    "limits": [
        ["heads > 0", "heads must be positive, not {heads}"],
        ["C % heads == 0", "channels must be a multiple of the heads = {heads}"],
    ],
    "variants": {"scaled": {"scale_position": True}},
    "deviations": [
        "No official PyTorch code exists; this is timm's form, whose position logits are not scaled.",
        "Variant scaled divides them by sqrt(d) as well, as lucidrains' port does; the counts are the same.",
        "lucidrains' port has 4 heads of 128 whatever the channels are, so it returns 512 channels and is left out.",
        "The tables are built for one map size.",
    ],
    "inside": {"resnet": {"place": "4"}},
}


class BottleneckAttention(nn.Module):
    """Self-attention of bottleneck transformers: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map. heads: of C // heads channels. scale_position: scale position logits, too.
    """

    def __init__(
        self,
        channels: int,
        *,
        height: int | None = None,
        width: int | None = None,
        heads: int = 4,
        scale_position: bool = False,
    ) -> None:
        super().__init__()
        if height is None or width is None:
            raise ValueError("relative position logits are built for one map size: give height and width")
        depth = channels // heads
        self.heads, self.scale, self.scale_position = heads, depth**-0.5, scale_position
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.relative_height = nn.Parameter(torch.empty(2 * height - 1, depth))
        self.relative_width = nn.Parameter(torch.empty(2 * width - 1, depth))
        nn.init.trunc_normal_(self.qkv.weight, std=channels**-0.5)
        nn.init.trunc_normal_(self.relative_height, std=self.scale)
        nn.init.trunc_normal_(self.relative_width, std=self.scale)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to all positions."""
        height, width = x.shape[2:]
        parts = to_tokens(self.qkv(x)).chunk(3, dim=2)
        query, key, value = (split_heads(part, self.heads) for part in parts)  # (N, heads, H*W, d)
        logits = query @ key.transpose(2, 3) * self.scale
        placed = query * self.scale if self.scale_position else query
        logits = logits + relative_logits(placed, height, width, self.relative_height, self.relative_width)
        return to_map(join_heads(logits.softmax(dim=3) @ value), height, width)

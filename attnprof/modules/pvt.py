"""Attends from every position to a map that a strided convolution has made smaller.

    q = linear(x)                               (H*W, C), in heads of d = C/heads
    z = LayerNorm(conv R x R, stride R (x))     M = (H//R)*(W//R) positions; R = 1: z = x, neither of them
        linear=True (PVT v2): z = GELU(LayerNorm(conv1x1(average pool of x to 7x7))), M = 49
    [k, v] = linear(z)                          C channels each
    y = linear(softmax over m of q_p . k_m / sqrt(d) times v, heads side by side)    every layer with bias

R is 8, 4, 2, 1 by stage: for maps of about 56, 28, 14 and 7 pixels.

Pyramid Vision Transformer: A Versatile Backbone for Dense Prediction without Convolutions.
Wenhai Wang et al., ICCV 2021, arXiv:2102.12122; linear: PVT v2, arXiv:2106.13797.
Official code: whai362/PVT.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.catalogue.formula import stage
from attnprof.modules._maps import join_heads, split_heads, to_map, to_tokens

ENTRY = {
    "class": "SpatialReductionAttention",
    "name": "Spatial-reduction attention",
    "paper": {
        "title": "Pyramid Vision Transformer: A Versatile Backbone for Dense Prediction without Convolutions",
        "author": "Wenhai Wang",
        "venue": "ICCV",
        "year": 2021,
        "arxiv": "2102.12122",
    },
    "code": "whai362/PVT",
    "family": "self-attention",
    "place": "after",
    "aliases": ["sra", "spatial-reduction-attention", "pyramid-vision-transformer"],
    "related": ["pvtv2"],
    "sized": "sr_ratio is None and not linear",
    "where": {
        "groups": "C // 64 if heads is None else heads",
        "ratio": "1 if linear else (8, 4, 2, 1)[stage(H, W)] if sr_ratio is None else sr_ratio",
        "keys": "49 if linear else (H // ratio)*(W // ratio)",
        "reduced": "linear or ratio > 1",
    },
    "params": "4*C*C + C + (3*C if qkv_bias else 0) + (ratio**2*C*C + 3*C if reduced else 0)",
    "macs": "2*N*C*C + keys*(2*C*C + (ratio**2*C*C if reduced else 0)) + 2*N*keys*C",
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        [
            "heads is not None or C % 64 == 0",
            "without heads, channels must be a multiple of 64: heads are 64 wide",
        ],
        ["heads is None or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        ["sr_ratio is None or sr_ratio > 0", "sr_ratio must be positive, not {sr_ratio}"],
        ["min(H, W) >= ratio", "height and width must be at least the reduction = {ratio}"],
    ],
    "variants": {"linear": {"linear": True}, "sr2": {"sr_ratio": 2}},
    "deviations": [
        "The reduction follows the stage that the map's size belongs to; sr_ratio sets it for any size.",
        "Heads are 64 wide with biases, as in the published models; the bare class has 8 heads and no qkv biases.",
        "Rows and columns that the strided convolution does not reach are dropped from keys and values.",
        "The convolution of an early stage has most of the parameters: 64 C*C at a reduction of 8.",
    ],
}


class SpatialReductionAttention(nn.Module):
    """Spatial-reduction attention of PVT: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map, needed where sr_ratio is not given. sr_ratio: R, side of the pixels that
    become one key. linear: pool keys and values to 7x7 instead. heads: unless given, C // 64.
    qkv_bias: biases in the layers that give queries, keys and values.
    """

    def __init__(
        self,
        channels: int,
        *,
        height: int | None = None,
        width: int | None = None,
        sr_ratio: int | None = None,
        linear: bool = False,
        heads: int | None = None,
        qkv_bias: bool = True,
    ) -> None:
        super().__init__()
        if linear:
            sr_ratio = 1
        elif sr_ratio is None:
            if height is None or width is None:
                raise ValueError(
                    "the reduction follows from the map's size: give height and width, or sr_ratio"
                )
            sr_ratio = (8, 4, 2, 1)[stage(height, width)]
        self.heads = channels // 64 if heads is None else heads
        self.query = nn.Linear(channels, channels, bias=qkv_bias)
        self.key_value = nn.Linear(channels, 2 * channels, bias=qkv_bias)
        self.pool = nn.AdaptiveAvgPool2d(7) if linear else nn.Identity()
        reduced = linear or sr_ratio > 1
        self.reduce = nn.Conv2d(channels, channels, sr_ratio, stride=sr_ratio) if reduced else nn.Identity()
        self.norm = nn.LayerNorm(channels) if reduced else nn.Identity()
        self.activation = nn.GELU() if linear else nn.Identity()
        self.project = nn.Linear(channels, channels)
        if linear:
            self._reset_parameters()

    def _reset_parameters(self) -> None:
        # PVT v2's; the first PVT leaves it to torch.
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=0.02)
            elif isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if isinstance(layer, nn.Linear | nn.Conv2d) and layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to the reduced map."""
        reduced = self.activation(self.norm(to_tokens(self.reduce(self.pool(x)))))
        parts = (self.query(to_tokens(x)), *self.key_value(reduced).chunk(2, dim=2))
        query, key, value = (split_heads(part, self.heads) for part in parts)  # (N, heads, H*W or M, d)
        attended = F.scaled_dot_product_attention(query, key, value)
        return to_map(self.project(join_heads(attended)), *x.shape[2:])

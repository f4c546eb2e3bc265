"""Attends between all positions of the smallest map: one layer of a transformer's encoder, with fixed positions.

    t = x as tokens                             (H*W, C)
    p = [sin(row*f), cos(row*f), sin(column*f), cos(column*f)],  f_j = 10000^(-j / (C/4)), j = 0 to C/4 - 1
    q = linear(t + p), k = linear(t + p), v = linear(t)     C channels each, in heads of d = C/heads
    a = linear(softmax over m of q_p . k_m / sqrt(d) times v, heads side by side)
    t = LayerNorm(t + a)
    y = LayerNorm(t + linear(gelu(linear(t))))  `hidden` channels between; every linear with bias

DETRs Beat YOLOs on Real-time Object Detection. Yian Zhao et al., CVPR 2024, arXiv:2304.08069.
Official code: lyuwenyu/RT-DETR; ported as in ultralytics.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import join_heads, split_heads, to_map, to_tokens

ENTRY = {
    "class": "AIFI",
    "name": "AIFI: attention-based intra-scale feature interaction",
    "paper": {
        "title": "DETRs Beat YOLOs on Real-time Object Detection",
        "author": "Yian Zhao",
        "venue": "CVPR",
        "year": 2024,
        "arxiv": "2304.08069",
    },
    "code": "lyuwenyu/RT-DETR",
    "family": "self-attention",
    "place": "after",
    "aliases": ["rt-detr", "rtdetr", "intra-scale-feature-interaction"],
    "related": ["transformer-encoder-layer"],
    "params": "4*C*C + 2*C*hidden + 9*C + hidden",
    "macs": "N*(4*C*C + 2*C*hidden) + 2*N*N*C",
    "limits": [
        ["heads > 0", "heads must be positive, not {heads}"],
        ["C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        ["C % 4 == 0", "channels must be a multiple of 4: sines and cosines of two axes"],
        ["hidden > 0", "hidden must be positive, not {hidden}"],
    ],
    "variants": {"ultralytics": {"hidden": 2048}},
    "deviations": [
        "RT-DETR has 256 channels here and 1024 hidden ones, its largest model 384 and 2048; the default of the class of"
        " ultralytics is 2048 (variant ultralytics).",
        "The official code lays the positions out column by column, which fits square maps alone; on them both are the same.",
        "Positions are made at every call in fp32; the official model keeps them from the first.",
        "Norms come behind the additions; RT-DETR's form with norms before them is left out, as is dropout, which is 0.",
    ],
}


class AIFI(nn.Module):
    """Intra-scale feature interaction: (N, C, H, W) to the same shape.

    channels: C. heads: of C/heads channels. hidden: width of the feed-forward part.
    """

    def __init__(self, channels: int, *, heads: int = 8, hidden: int = 1024) -> None:
        super().__init__()
        self.heads = heads
        self.query_key = nn.Linear(channels, 2 * channels)
        self.value = nn.Linear(channels, channels)
        self.project = nn.Linear(channels, channels)
        self.norm1 = nn.LayerNorm(channels)
        self.widen = nn.Linear(channels, hidden)
        self.narrow = nn.Linear(hidden, channels)
        self.norm2 = nn.LayerNorm(channels)
        bound = (6 / (4 * channels)) ** 0.5  # Xavier's, of the three as one layer: nn.MultiheadAttention
        for layer in (self.query_key, self.value):
            nn.init.uniform_(layer.weight, -bound, bound)
        for layer in (self.query_key, self.value, self.project):
            nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to all."""
        tokens = to_tokens(x)
        query, key = self.query_key(tokens + _positions(x)).chunk(2, dim=2)
        value = self.value(tokens)
        query, key, value = (split_heads(part, self.heads) for part in (query, key, value))
        attended = self.project(join_heads(F.scaled_dot_product_attention(query, key, value)))
        tokens = self.norm1(tokens + attended)
        tokens = self.norm2(tokens + self.narrow(F.gelu(self.widen(tokens))))
        return to_map(tokens, *x.shape[2:])


def _positions(x: torch.Tensor) -> torch.Tensor:
    # (H*W, C) for the tokens of x (N, C, H, W), in its dtype.
    channels, height, width = x.shape[1:]
    exact = torch.promote_types(x.dtype, torch.float32)
    share = torch.arange(channels // 4, device=x.device, dtype=exact) / (channels // 4)
    frequency = 10000**-share

    def waves(length: int) -> torch.Tensor:
        phase = torch.arange(length, device=x.device, dtype=exact)[:, None] * frequency
        return torch.cat((phase.sin(), phase.cos()), dim=1)

    rows = waves(height)[:, None].expand(-1, width, -1)
    columns = waves(width)[None].expand(height, -1, -1)
    return torch.cat((rows, columns), dim=2).flatten(0, 1).to(x.dtype)

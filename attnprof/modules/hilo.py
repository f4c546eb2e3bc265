"""Splits its heads: some attend within small windows, the others from all positions to an average-pooled map.

    heads of d = C/heads; l = int(heads*alpha)*d channels for Lo-Fi, h = C - l for Hi-Fi;  windows: M = 2
    Hi-Fi, each window of M x M by itself:
        [q, k, v] = linear(x)                   h channels each
        high = linear(softmax over the window of q_p . k_m / sqrt(d) times v, heads side by side)
    Lo-Fi:
        q = linear(x), [k, v] = linear(average pool of x by M)      l channels each
        low = linear(softmax over the pooled map of q_p . k_m / sqrt(d) times v, heads side by side)
    y = [high, low]                             no layer over both; M = 1: all heads are Lo-Fi, on all pixels

Fast Vision Transformers with HiLo Attention. Zizheng Pan et al., NeurIPS 2022, arXiv:2205.13213.
Official code: ziplab/LITv2.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import from_windows, join_heads, split_heads, to_map, to_tokens, to_windows

ENTRY = {
    "class": "HiLo",
    "name": "HiLo attention",
    "paper": {
        "title": "Fast Vision Transformers with HiLo Attention",
        "author": "Zizheng Pan",
        "venue": "NeurIPS",
        "year": 2022,
        "arxiv": "2205.13213",
    },
    "code": "ziplab/LITv2",
    "family": "self-attention",
    "place": "after",
    "aliases": ["hilo-attention", "hi-lo", "litv2"],
    "where": {
        "groups": "C // 32 if heads is None else heads",
        "low": "C if window_size == 1 else int(groups*alpha)*(C // groups)",
        "high": "C - low",
        "keys": "(H // window_size)*(W // window_size)",
    },
    "params": "3*C*C + high*high + low*low + C + (3*C if qkv_bias else 0)",
    "macs": (
        "N*(3*C*high + 2*window_size**2*high + high*high) + N*(C*low + low*low) + 2*keys*C*low + 2*N*keys*low"
    ),
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        [
            "heads is not None or C % 32 == 0",
            "without heads, channels must be a multiple of 32: heads are 32 wide",
        ],
        ["heads is None or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        ["0 <= alpha <= 1", "alpha must be from 0 to 1, not {alpha}"],
        ["window_size > 0", "window_size must be positive, not {window_size}"],
        [
            "H % window_size == 0 and W % window_size == 0",
            "height and width must be multiples of the window = {window_size}",
        ],
    ],
    "variants": {"litv2": {"heads": None, "alpha": 0.9, "qkv_bias": True}},
    "deviations": [
        "LITv2 gives 9 of 10 heads to Lo-Fi, has biases and heads of 32 (variant litv2); the class defaults stand here.",
        "Hi-Fi comes first in the output, and each part has an output layer of its own.",
        "heads=None means C // 32; with few heads int(heads*alpha) rounds far down: 2 heads at alpha 0.9 are 1 and 1.",
    ],
}


class HiLo(nn.Module):
    """HiLo attention: (N, C, H, W) to the same shape.

    channels: C. heads: over both parts; None for C // 32. window_size: M. alpha: share of the heads that are Lo-Fi.
    qkv_bias: biases in the layers that give queries, keys and values.
    """

    def __init__(
        self,
        channels: int,
        *,
        heads: int | None = 8,
        window_size: int = 2,
        alpha: float = 0.5,
        qkv_bias: bool = False,
    ) -> None:
        super().__init__()
        heads = channels // 32 if heads is None else heads
        self.window = window_size
        self.low_heads = heads if window_size == 1 else int(heads * alpha)
        self.high_heads = heads - self.low_heads
        width = channels // heads
        low, high = self.low_heads * width, self.high_heads * width
        if high:
            self.high_qkv = nn.Linear(channels, 3 * high, bias=qkv_bias)
            self.high_project = nn.Linear(high, high)
        if low:
            self.low_query = nn.Linear(channels, low, bias=qkv_bias)
            self.low_key_value = nn.Linear(channels, 2 * low, bias=qkv_bias)
            self.low_project = nn.Linear(low, low)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to its window and to the pooled map."""
        parts = []
        if self.high_heads:
            parts.append(self._high(x))
        if self.low_heads:
            parts.append(self._low(x))
        return torch.cat(parts, dim=1)

    def _high(self, x: torch.Tensor) -> torch.Tensor:
        side = self.window
        qkv = self.high_qkv(to_tokens(to_windows(x, side, side))).chunk(3, dim=2)
        query, key, value = (split_heads(part, self.high_heads) for part in qkv)  # (N*windows, heads, M*M, d)
        attended = join_heads(F.scaled_dot_product_attention(query, key, value))
        return from_windows(to_map(self.high_project(attended), side, side), *x.shape[2:])

    def _low(self, x: torch.Tensor) -> torch.Tensor:
        pooled = to_tokens(F.avg_pool2d(x, self.window))
        parts = (self.low_query(to_tokens(x)), *self.low_key_value(pooled).chunk(2, dim=2))
        query, key, value = (split_heads(part, self.low_heads) for part in parts)
        attended = join_heads(F.scaled_dot_product_attention(query, key, value))
        return to_map(self.low_project(attended), *x.shape[2:])

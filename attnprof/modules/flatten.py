"""Attends at linear cost with a kernel that turns queries and keys towards their largest channels.

    q, [k, v] = linear(x)                       C channels each, in heads of d = C/heads
    k = k + E                                   E: C x H*W, learned
    q, k = (relu(.) + 1e-6) / softplus(s)       s: C, learned
    f(q) = |q| * q^p / |q^p|, f(k) likewise     p = 3, channel by channel; norms over all C channels
    out_i = f(q_i) (sum over j of f(k_j) v_j^T / N) / (f(q_i) . mean of f(k) + 1e-6)        per head
    y = linear(out + depthwise conv k x k (map of v))           k = 5; one kernel of d channels, shared by the heads

FLatten Transformer: Vision Transformer using Focused Linear Attention. Dongchen Han et al.,
ICCV 2023, arXiv:2308.00442.
Official code: LeapLabTHU/FLatten-Transformer.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import join_heads, split_heads, to_map, to_tokens

ENTRY = {
    "class": "FocusedLinearAttention",
    "name": "Focused linear attention (FLatten)",
    "paper": {
        "title": "FLatten Transformer: Vision Transformer using Focused Linear Attention",
        "author": "Dongchen Han",
        "venue": "ICCV",
        "year": 2023,
        "arxiv": "2308.00442",
    },
    "code": "LeapLabTHU/FLatten-Transformer",
    "family": "self-attention",
    "place": "after",
    "aliases": ["focused-linear-attention", "flatten-transformer", "fla", "focused"],
    "where": {"groups": "max(C // 64, 1) if heads is None else heads", "depth": "C // groups"},
    "params": "4*C*C + C + (3*C if qkv_bias else 0) + (kernel_size**2 + 1)*depth + C + N*C",
    "macs": "N*(4*C*C + 2*C*depth + C + kernel_size**2*C)",
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        ["C % groups == 0", "channels must be a multiple of the heads = {groups}"],
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["focus > 0", "focus must be positive, not {focus}"],
    ],
    "variants": {"class-defaults": {"heads": 8, "qkv_bias": False}},
    "deviations": [
        "The default is the setting of FLatten-PVT, heads of 64 with biases; the bare class has 8 heads and no biases"
        " (variant class-defaults).",
        "FLatten-Swin attends in windows, with one projection for queries, keys and values; here the whole map attends.",
        "The spatial reduction of keys and values, which the code of FLatten-PVT allows, is left out.",
        "Keys have a learned position each, so the map's size is part of the module.",
    ],
}


class FocusedLinearAttention(nn.Module):
    """Focused linear attention: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map. heads: unless given, C // 64, at least one. focus: p.
    kernel_size: of the depth-wise convolution. qkv_bias: biases in the layers of queries, keys and values.
    """

    def __init__(
        self,
        channels: int,
        *,
        height: int,
        width: int,
        heads: int | None = None,
        focus: int = 3,
        kernel_size: int = 5,
        qkv_bias: bool = True,
    ) -> None:
        super().__init__()
        self.heads = max(channels // 64, 1) if heads is None else heads
        self.size, self.focus = (height, width), focus
        depth = channels // self.heads
        self.query = nn.Linear(channels, channels, bias=qkv_bias)
        self.key_value = nn.Linear(channels, 2 * channels, bias=qkv_bias)
        self.scale = nn.Parameter(torch.zeros(channels))
        self.position = nn.Parameter(torch.zeros(height * width, channels))
        self.local = nn.Conv2d(depth, depth, kernel_size, padding=kernel_size // 2, groups=depth)
        self.project = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to all."""
        n, _, height, width = x.shape
        if (height, width) != self.size:
            raise ValueError(f"built for maps of {self.size}, this one has {(height, width)}")
        tokens = to_tokens(x)
        keys, values = self.key_value(tokens).chunk(2, dim=2)
        scale = F.softplus(self.scale)
        query = split_heads(self._focused(self.query(tokens), scale), self.heads)
        key = split_heads(self._focused(keys + self.position, scale), self.heads)
        value = split_heads(values, self.heads)
        total = query @ key.mean(dim=2, keepdim=True).transpose(2, 3) + 1e-6
        share = value.shape[2] ** -0.5
        gathered = query @ ((key * share).transpose(2, 3) @ (value * share)) / total
        maps = to_map(values, height, width).reshape(n * self.heads, -1, height, width)
        local = self.local(maps).view(n, -1, height * width).transpose(1, 2)
        return to_map(self.project(join_heads(gathered) + local), height, width)

    def _focused(self, tokens: torch.Tensor, scale: torch.Tensor) -> torch.Tensor:
        # (N, L, C) to the same shape: as long as before, but nearer to its largest channels.
        positive = (tokens.relu() + 1e-6) / scale
        sharp = positive**self.focus
        y: torch.Tensor = sharp / sharp.norm(dim=-1, keepdim=True) * positive.norm(dim=-1, keepdim=True)
        return y

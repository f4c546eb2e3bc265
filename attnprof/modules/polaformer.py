"""Attends at linear cost with positive and negative parts apart, so that products of both signs count.

    [q, g] = linear(x), [k, v] = linear(x)      C channels each, in heads of d = C/heads; E: C x H*W, learned
    q, k = q / softplus(s), (k + E) / softplus(s)               s: C, learned
    u+ = relu(u)^e, u- = relu(-u)^e             e = 1 + alpha * sigmoid(t); t: heads x d, learned
    same = [q+, q-], other = [q-, q+], key = [k+, k-]           2d channels per head; [v1, v2] = v, d/2 each
    out = [A(same) v1, A(other) v2],  A(r)_ij = r_i . key_j / N / (r_i . mean of key + 1e-6), never formed
    y = linear(g * (out + depthwise conv k x k (map of v)))     k = 5; one kernel of d channels, shared by the heads

PolaFormer: Polarity-aware Linear Attention for Vision Transformers. Weikang Meng et al.,
ICLR 2025, arXiv:2501.15061.
Official code: ZacharyMeng/PolaFormer.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import join_heads, split_heads, to_map, to_tokens

ENTRY = {
    "class": "PolarityAwareAttention",
    "name": "Polarity-aware linear attention (PolaFormer)",
    "paper": {
        "title": "PolaFormer: Polarity-aware Linear Attention for Vision Transformers",
        "author": "Weikang Meng",
        "venue": "ICLR",
        "year": 2025,
        "arxiv": "2501.15061",
    },
    "code": "ZacharyMeng/PolaFormer",
    "family": "self-attention",
    "place": "after",
    "aliases": ["pola", "pola-linear-attention", "polarity-aware-linear-attention"],
    "where": {"groups": "max(C // 64, 1) if heads is None else heads", "depth": "C // groups"},
    "params": "5*C*C + C + (4*C if qkv_bias else 0) + (kernel_size**2 + 1)*depth + 2*C + N*C",
    "macs": "N*(5*C*C + 4*C*depth + 4*C + kernel_size**2*C)",
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        ["C % groups == 0", "channels must be a multiple of the heads = {groups}"],
        ["depth % 2 == 0", "a head must have an even number of channels, not {depth}"],
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
    ],
    "variants": {"class-defaults": {"heads": 8, "qkv_bias": False}},
    "deviations": [
        "The default is the setting of PVT's stages, heads of 64 with biases; the bare class has 8 heads and no biases"
        " (variant class-defaults).",
        "PolaFormer-Swin attends in windows, with one projection for all four; here the whole map attends.",
        "The spatial reduction of keys and values, which the code for PVT allows, is left out.",
        "Keys have a learned position each, so the map's size is part of the module.",
    ],
}


class PolarityAwareAttention(nn.Module):
    """Polarity-aware linear attention: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map. heads: unless given, C // 64, at least one. alpha: most that an exponent
    is above 1. kernel_size: of the depth-wise convolution. qkv_bias: biases in the first two layers.
    """

    def __init__(
        self,
        channels: int,
        *,
        height: int,
        width: int,
        heads: int | None = None,
        alpha: float = 4.0,
        kernel_size: int = 5,
        qkv_bias: bool = True,
    ) -> None:
        super().__init__()
        self.heads = max(channels // 64, 1) if heads is None else heads
        self.size, self.alpha = (height, width), alpha
        depth = channels // self.heads
        self.query_gate = nn.Linear(channels, 2 * channels, bias=qkv_bias)
        self.key_value = nn.Linear(channels, 2 * channels, bias=qkv_bias)
        self.scale = nn.Parameter(torch.zeros(channels))
        self.power = nn.Parameter(torch.zeros(self.heads, 1, depth))
        self.position = nn.Parameter(torch.zeros(height * width, channels))
        self.local = nn.Conv2d(depth, depth, kernel_size, padding=kernel_size // 2, groups=depth)
        self.project = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to all."""
        n, _, height, width = x.shape
        if (height, width) != self.size:
            raise ValueError(f"built for maps of {self.size}, this one has {(height, width)}")
        tokens = to_tokens(x)
        queries, gate = self.query_gate(tokens).chunk(2, dim=2)
        keys, values = self.key_value(tokens).chunk(2, dim=2)
        scale = F.softplus(self.scale)
        positive, negative = self._parts(queries / scale)
        key = torch.cat(self._parts((keys + self.position) / scale), dim=3)  # (N, heads, L, 2d)
        value = split_heads(values, self.heads)
        same, other = value.chunk(2, dim=3)
        gathered = torch.cat(
            (
                _attend(torch.cat((positive, negative), dim=3), key, same),
                _attend(torch.cat((negative, positive), dim=3), key, other),
            ),
            dim=3,
        )
        maps = to_map(values, height, width).reshape(n * self.heads, -1, height, width)
        local = self.local(maps).view(n, -1, height * width).transpose(1, 2)
        return to_map(self.project((join_heads(gathered) + local) * gate), height, width)

    def _parts(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        # (N, L, C) to its positive and its negative part in heads, raised to each channel's power.
        split = split_heads(tokens, self.heads)
        power = 1 + self.alpha * self.power.sigmoid()
        return split.relu() ** power, (-split).relu() ** power


def _attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    # query, key (N, heads, L, 2d) and value (N, heads, L, d/2) to (N, heads, L, d/2).
    total = query @ key.mean(dim=2, keepdim=True).transpose(2, 3) + 1e-6
    share: float = key.shape[2] ** -0.5
    return query @ ((key * share).transpose(2, 3) @ (value * share)) / total

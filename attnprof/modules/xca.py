"""Attends between channels: their similarity over all positions, per head, weighs which channels are mixed.

    [q, k, v] = linear(x)                       C channels each, in heads of d = C/heads
    per head, with q, k, v as d x H*W:
        q, k divided by the length of each of their rows, over the H*W positions
        A = softmax over the last axis of tau * q k^T           d x d, tau: one per head, learned, starts at 1
        out = A v
    y = linear(heads side by side)              with bias

XCiT: Cross-Covariance Image Transformers. Alaaeldin El-Nouby et al., NeurIPS 2021, arXiv:2106.09681.
Official code: facebookresearch/xcit.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import to_map, to_tokens

ENTRY = {
    "class": "XCA",
    "name": "Cross-covariance attention",
    "paper": {
        "title": "XCiT: Cross-Covariance Image Transformers",
        "author": "Alaaeldin El-Nouby",
        "venue": "NeurIPS",
        "year": 2021,
        "arxiv": "2106.09681",
    },
    "code": "facebookresearch/xcit",
    "family": "self-attention",
    "place": "after",
    "aliases": ["xcit", "cross-covariance", "cross-covariance-attention"],
    "related": ["edgenext"],
    "params": "4*C*C + C + heads + (3*C if qkv_bias else 0)",
    "macs": "N*(4*C*C + 2*C*(C//heads))",
    "limits": [
        ["heads > 0", "heads must be positive, not {heads}"],
        ["C % heads == 0", "channels must be a multiple of the heads = {heads}"],
    ],
    "variants": {"no-qkv-bias": {"qkv_bias": False}},
    "deviations": [
        "The XCiT models have biases in the first layer, as the default here; the bare class has none (no-qkv-bias).",
        "Lengths are over the positions, per channel, so the similarity is a cosine between channels.",
        "The local patch interaction that follows in XCiT, and the residual, are left out.",
        "The cross-covariance attention in timm's EdgeNeXt is the same function.",
    ],
}


class XCA(nn.Module):
    """Cross-covariance attention: (N, C, H, W) to the same shape.

    channels: C. heads: groups of channels that attend to each other. qkv_bias: biases in the first layer.
    """

    def __init__(self, channels: int, *, heads: int = 8, qkv_bias: bool = True) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(channels, 3 * channels, bias=qkv_bias)
        self.temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.project = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let the channels of x (N, C, H, W) attend to each other."""
        rows = self.qkv(to_tokens(x)).transpose(1, 2).unflatten(1, (3, self.heads, -1))
        query, key, value = rows.unbind(1)  # (N, heads, d, H*W)
        similarity = F.normalize(query, dim=3) @ F.normalize(key, dim=3).transpose(2, 3)
        mixed = (similarity * self.temperature).softmax(dim=3) @ value
        return to_map(self.project(mixed.flatten(1, 2).transpose(1, 2)), *x.shape[2:])

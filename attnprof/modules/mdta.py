"""Attends between channels, with queries, keys and values that a depth-wise convolution mixed with neighbours.

    [q, k, v] = depth-wise conv3x3(conv1x1(x))  C channels each, in heads of d = C/heads; no bias
    per head, with q, k, v as d x H*W:
        q, k divided by the length of each of their rows, over the H*W positions
        A = softmax over the last axis of tau * q k^T           d x d, tau: one per head, learned, starts at 1
        out = A v
    y = conv1x1(heads side by side)             no bias

Restormer: Efficient Transformer for High-Resolution Image Restoration. Syed Waqas Zamir et al.,
CVPR 2022, arXiv:2111.09881.
Official code: swz30/Restormer.
"""

import torch
import torch.nn.functional as F
from torch import nn

ENTRY = {
    "class": "MDTA",
    "name": "Multi-Dconv head transposed attention",
    "paper": {
        "title": "Restormer: Efficient Transformer for High-Resolution Image Restoration",
        "author": "Syed Waqas Zamir",
        "venue": "CVPR",
        "year": 2022,
        "arxiv": "2111.09881",
    },
    "code": "swz30/Restormer",
    "family": "self-attention",
    "place": "after",
    "aliases": ["restormer", "transposed-attention", "multi-dconv-head-transposed-attention"],
    "where": {"groups": "C // 64 if heads is None else heads"},
    "params": "4*C*C + 27*C + groups + (7*C if bias else 0)",
    "macs": "N*(4*C*C + 27*C + 2*C*(C//groups))",
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        [
            "heads is not None or C % 64 == 0",
            "without heads, channels must be a multiple of 64: heads are 64 wide",
        ],
        ["heads is None or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
    ],
    "variants": {"h8": {"heads": 8}},
    "deviations": [
        "The official constructor has no default for the heads; Restormer has 1, 2, 4, 8 for 48, 96, 192, 384 channels,"
        " so 48 wide, and heads of 64 are a choice made here.",
        "The published models have no biases in the three convolutions.",
        "Residual and LayerNorm of the official block are left out.",
    ],
}


class MDTA(nn.Module):
    """Multi-Dconv head transposed attention: (N, C, H, W) to the same shape.

    channels: C. heads: groups of channels that attend to each other; unless given, C // 64. bias: in the convolutions.
    """

    def __init__(self, channels: int, *, heads: int | None = None, bias: bool = False) -> None:
        super().__init__()
        self.heads = channels // 64 if heads is None else heads
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=bias)
        self.depthwise = nn.Conv2d(3 * channels, 3 * channels, 3, padding=1, groups=3 * channels, bias=bias)
        self.temperature = nn.Parameter(torch.ones(self.heads, 1, 1))
        self.project = nn.Conv2d(channels, channels, 1, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let the channels of x (N, C, H, W) attend to each other."""
        rows = self.depthwise(self.qkv(x)).flatten(2).unflatten(1, (3, self.heads, -1))
        query, key, value = rows.unbind(1)  # (N, heads, d, H*W)
        similarity = F.normalize(query, dim=3) @ F.normalize(key, dim=3).transpose(2, 3)
        mixed = (similarity * self.temperature).softmax(dim=3) @ value
        y: torch.Tensor = self.project(mixed.reshape(x.shape))
        return y

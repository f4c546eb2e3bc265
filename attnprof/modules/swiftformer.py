"""Combines keys with one global query: the queries' sum, weighted by a learned score per position.

    q = linear(x), k = linear(x)                (H*W, D), D = C*heads, with bias
    q and k of each position divided by their length over the D channels
    a = (q . w) / sqrt(C)                       one score per position, w: D learned values
    a = a / (length of a over the H*W positions)        no softmax: scores may be negative
    g = sum over positions of a * q             (D)
    y = linear(linear(g * k) + q)               D to D, then D to C, with bias

SwiftFormer: Efficient Additive Attention for Transformer-based Real-time Mobile Vision Applications.
Abdelrahman Shaker et al., ICCV 2023, arXiv:2303.15446.
Official code: Amshaker/SwiftFormer.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import to_map, to_tokens

ENTRY = {
    "class": "EfficientAdditiveAttention",
    "name": "Efficient additive attention",
    "paper": {
        "title": (
            "SwiftFormer: Efficient Additive Attention for Transformer-based Real-time Mobile Vision Applications"
        ),
        "author": "Abdelrahman Shaker",
        "venue": "ICCV",
        "year": 2023,
        "arxiv": "2303.15446",
    },
    "code": "Amshaker/SwiftFormer",
    "family": "self-attention",
    "place": "after",
    "aliases": ["swift-former", "additive-attention", "efficient-additive-attention", "eaa"],
    "where": {"wide": "C*heads"},
    "params": "3*C*wide + wide*wide + 4*wide + C",
    "macs": "N*(3*C*wide + wide*wide + wide)",
    "limits": [["heads > 0", "heads must be positive, not {heads}"]],
    "deviations": [
        "Scores are divided by their length over the positions where the paper's figure suggests a softmax.",
        "More heads mean wider projections only: no head has scores of its own.",
        "The weighted sum of the queries and its product with the keys are element-wise: no MACs.",
        "The queries that are added back are the normalised ones; x itself is not added.",
    ],
}


class EfficientAdditiveAttention(nn.Module):
    """Efficient additive attention: (N, C, H, W) to the same shape.

    channels: C. heads: the projections have C * heads channels.
    """

    def __init__(self, channels: int, *, heads: int = 1) -> None:
        super().__init__()
        wide = channels * heads
        self.scale = channels**-0.5
        self.query = nn.Linear(channels, wide)
        self.key = nn.Linear(channels, wide)
        self.score = nn.Parameter(torch.randn(wide, 1))
        self.project = nn.Linear(wide, wide)
        self.final = nn.Linear(wide, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Combine each position of x (N, C, H, W) with the global query."""
        tokens = to_tokens(x)
        query = F.normalize(self.query(tokens), dim=2)
        key = F.normalize(self.key(tokens), dim=2)
        scores = F.normalize(query @ self.score * self.scale, dim=1)
        summary = (scores * query).sum(dim=1, keepdim=True)
        return to_map(self.final(self.project(summary * key) + query), *x.shape[2:])

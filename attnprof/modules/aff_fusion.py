"""Mixes two maps by a weight for each element, the sum of a local and a global bottleneck over the channels.

    path(z) = BN(W2 relu(BN(W1 z)))             h = C//r, W1: h x C, W2: C x h, 1x1 convolutions with bias
    s = x + y
    w = sigmoid(path(s) + path'(mean over H, W of s))           path': weights of its own
    z = 2 w x + 2 (1 - w) y

Attentional Feature Fusion. Yimian Dai et al., WACV 2021, arXiv:2009.14082.
Official code: YimianDai/open-aff (MXNet, and a PyTorch version).
"""

import torch
from torch import nn

from attnprof.modules._paths import path

ENTRY = {
    "class": "AFF",
    "name": "Attentional feature fusion (AFF)",
    "paper": {
        "title": "Attentional Feature Fusion",
        "author": "Yimian Dai",
        "venue": "WACV",
        "year": 2021,
        "arxiv": "2009.14082",
    },
    "code": "YimianDai/open-aff",
    "family": "fusion",
    "place": "fuse",
    "aliases": ["affuse", "attentional-feature-fusion"],
    "where": {"hidden": "C // reduction"},
    "params": "4*C*hidden + 6*hidden + 6*C",
    "macs": "2*C*hidden*(N + 1)",
    "limits": [
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["C >= reduction", "channels must be at least the reduction = {reduction}"],
        [
            "not train or batch > 1",
            "training needs a batch of at least 2: the global path gives BatchNorm one value per channel and image",
        ],
    ],
    "deviations": [
        "The paper's weights add up to 1; the official code doubles both, so that the fresh module is about x + y.",
        "In a residual block the official code takes the block's output as x and the shortcut as y.",
        "The same gate on one map, MS-CAM, is aff; fused in two steps, iAFF is iaff.",
    ],
}


class AFF(nn.Module):
    """Attentional feature fusion: two maps (N, C, H, W) to one of the same shape.

    channels: C. reduction: hidden width is C // reduction.
    """

    def __init__(self, channels: int, *, reduction: int = 4) -> None:
        super().__init__()
        self.local_path = path(channels, channels // reduction)
        self.global_path = path(channels, channels // reduction)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Mix x and y (N, C, H, W) by one weight per element."""
        total = x + y
        score: torch.Tensor = self.local_path(total) + self.global_path(total.mean(dim=(2, 3), keepdim=True))
        weight = score.sigmoid()
        return 2 * x * weight + 2 * y * (1 - weight)

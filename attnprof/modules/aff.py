"""Gates each element by the sum of a local and a global bottleneck over the channels.

    path(z) = BN(W2 relu(BN(W1 z)))             h = C//r, W1: h x C, W2: C x h, 1x1 convolutions with bias
    l = path(x)                                 (C, H, W)
    g = path'(mean over H, W of x)              (C, 1, 1), weights of its own
    y = x * sigmoid(l + g)

Attentional Feature Fusion. Yimian Dai et al., WACV 2021, arXiv:2009.14082.
Official code: YimianDai/open-aff (MXNet, and a PyTorch version).
"""

import torch
from torch import nn

from attnprof.modules._paths import path

ENTRY = {
    "class": "MSCAM",
    "name": "Multi-scale channel attention (MS-CAM)",
    "paper": {
        "title": "Attentional Feature Fusion",
        "author": "Yimian Dai",
        "venue": "WACV",
        "year": 2021,
        "arxiv": "2009.14082",
    },
    "code": "YimianDai/open-aff",
    "family": "channel",
    "place": "after",
    "aliases": ["ms-cam", "multi-scale-channel-attention"],
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
        "This is the module for one input, MS-CAM. AFF and iAFF, which fuse two inputs with it, are aff_fusion and iaff.",
        "AFF fed the same map twice has these counts and returns that map doubled: its two weights add up to 2.",
    ],
}


class MSCAM(nn.Module):
    """Multi-scale channel attention: (N, C, H, W) to the same shape.

    channels: C. reduction: hidden width is C // reduction.
    """

    def __init__(self, channels: int, *, reduction: int = 4) -> None:
        super().__init__()
        self.local_path = path(channels, channels // reduction)
        self.global_path = path(channels, channels // reduction)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per element."""
        gate: torch.Tensor = (
            self.local_path(x) + self.global_path(x.mean(dim=(2, 3), keepdim=True))
        ).sigmoid()
        return x * gate

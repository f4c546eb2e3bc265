"""Mixes two maps twice: the first mixture gives the weights of the second.

    path(t) = BN(W2 relu(BN(W1 t)))             h = C//r, W1: h x C, W2: C x h, 1x1 convolutions with bias
    w(t) = sigmoid(local(t) + global(mean over H, W of t))      two paths of weights of their own
    m = w(x + y) x + (1 - w(x + y)) y
    z = w'(m) x + (1 - w'(m)) y                 w': two paths of its own
    pytorch: the global path of w' is that of w

Attentional Feature Fusion. Yimian Dai et al., WACV 2021, arXiv:2009.14082.
Official code: YimianDai/open-aff (MXNet, and a PyTorch version).
"""

import torch
from torch import nn

from attnprof.modules._paths import path

ENTRY = {
    "class": "IAFF",
    "name": "Iterative attentional feature fusion (iAFF)",
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
    "aliases": ["iterative-attentional-feature-fusion", "iterative-aff"],
    "where": {"hidden": "C // reduction", "paths": "4 if separate else 3"},
    "params": "paths*(2*C*hidden + 3*hidden + 3*C)",
    "macs": "4*C*hidden*(N + 1)",
    "limits": [
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["C >= reduction", "channels must be at least the reduction = {reduction}"],
        [
            "not train or batch > 1",
            "training needs a batch of at least 2: the global path gives BatchNorm one value per channel and image",
        ],
    ],
    "variants": {"pytorch": {"separate": False}},
    "deviations": [
        "The authors' MXNet code, as here, has a global path for each step. Their PyTorch version builds both and calls the"
        " first twice (variant pytorch, which leaves out the path that is never called).",
        "The PyTorch version's parameters, with the path that it never calls, are the default's; the MACs of both are equal.",
        "Its weights add up to 1; those of AFF (aff_fusion) add up to 2 in the official code.",
    ],
}


class IAFF(nn.Module):
    """Iterative attentional feature fusion: two maps (N, C, H, W) to one of the same shape.

    channels: C. reduction: hidden width is C // reduction. separate: a global path for each of the two steps.
    """

    def __init__(self, channels: int, *, reduction: int = 4, separate: bool = True) -> None:
        super().__init__()
        hidden = channels // reduction
        self.local_path = path(channels, hidden)
        self.global_path = path(channels, hidden)
        self.second_local_path = path(channels, hidden)
        self.second_global_path = path(channels, hidden) if separate else None

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Mix x and y (N, C, H, W) by one weight per element."""
        first = _weight(x + y, self.local_path, self.global_path)
        mixed = x * first + y * (1 - first)
        second = _weight(mixed, self.second_local_path, self.second_global_path or self.global_path)
        return x * second + y * (1 - second)


def _weight(z: torch.Tensor, local_path: nn.Module, global_path: nn.Module) -> torch.Tensor:
    # (N, C, H, W) to a weight for each element.
    score: torch.Tensor = local_path(z) + global_path(z.mean(dim=(2, 3), keepdim=True))
    return score.sigmoid()

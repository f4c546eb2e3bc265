"""Sums up each position's neighbourhood with a kernel of its own, computed from the position's features.

    w = W2 relu(BN(W1 x))                       h = C//r, W1: h x C, no bias; W2: k*k*G x h, with bias
    w viewed as k*k taps for each of G = C/group_channels groups of consecutive channels
    y_c,p = sum over the taps t of w_(c // group_channels),t,p * x_c,p+t        zeros around the map

Involution: Inverting the Inherence of Convolution for Visual Recognition. Duo Li et al.,
CVPR 2021, arXiv:2103.06255.
Official code: d-li14/involution.
"""

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "Involution",
    "name": "Involution",
    "paper": {
        "title": "Involution: Inverting the Inherence of Convolution for Visual Recognition",
        "author": "Duo Li",
        "venue": "CVPR",
        "year": 2021,
        "arxiv": "2103.06255",
    },
    "code": "d-li14/involution",
    "family": "spatial",
    "place": "replace",
    "aliases": ["rednet", "involution2d", "inv"],
    "where": {"hidden": "C // reduction", "weights": "kernel_size**2*(C // group_channels)"},
    "params": "C*hidden + 2*hidden + hidden*weights + weights",
    "macs": "N*(C*hidden + hidden*weights)",
    "limits": [
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["C >= reduction", "channels must be at least the reduction = {reduction}"],
        ["group_channels > 0", "group_channels must be positive, not {group_channels}"],
        ["C % group_channels == 0", "channels must be a multiple of group_channels = {group_channels}"],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "deviations": [
        "The k*k*C*H*W multiplications of the aggregation are in no count of MACs: they are element-wise.",
        "The official fast path is a CUDA kernel; here, as in the official naive version, the map is unfolded, which"
        " holds k*k copies of it: 49 times its memory by default.",
        "The official code fixes the reduction and group_channels; they can be set here. Only stride 1 is offered.",
        "The kernels are not normalised.",
    ],
}


class Involution(nn.Module):
    """Involution: (N, C, H, W) to the same shape.

    channels: C. kernel_size: k, side of the neighbourhood. reduction: hidden width is C // reduction.
    group_channels: channels that share a kernel.
    """

    def __init__(
        self, channels: int, *, kernel_size: int = 7, reduction: int = 4, group_channels: int = 16
    ) -> None:
        super().__init__()
        self.kernel_size, self.groups = kernel_size, channels // group_channels
        hidden = channels // reduction
        self.squeeze = nn.Conv2d(channels, hidden, 1, bias=False)
        self.norm = nn.BatchNorm2d(hidden)
        self.span = nn.Conv2d(hidden, kernel_size**2 * self.groups, 1)
        for layer in (self.squeeze, self.span):  # as mmcv's ConvModule
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Sum up x (N, C, H, W) around each position."""
        n, c, h, w = x.shape
        weights = self.span(self.norm(self.squeeze(x)).relu()).view(n, self.groups, 1, -1, h, w)
        near = F.unfold(x, self.kernel_size, padding=self.kernel_size // 2)
        summed: torch.Tensor = (near.view(n, self.groups, c // self.groups, -1, h, w) * weights).sum(dim=3)
        return summed.view(n, c, h, w)

"""Multiplies the map by a transform of itself with a large kernel, which three cheap convolutions make up.

    a = conv of 2d-1 by 2d-1                    depth-wise; 5x5 by default
    a = conv of K//d by K//d, dilated by d      depth-wise; 7x7 dilated by 3 by default (K = 21, d = 3)
    core(x) = x * conv1x1(a)                    C x C; every convolution with bias, no activation
    y = core(x)                                 projections=True: y = x + P2 core(gelu(P1 x)), P: conv1x1

Visual Attention Network. Meng-Hao Guo et al., Computational Visual Media 2023, arXiv:2202.09741.
Official code: Visual-Attention-Network/VAN-Classification.
"""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "LKA",
    "name": "Large Kernel Attention",
    "paper": {
        "title": "Visual Attention Network",
        "author": "Meng-Hao Guo",
        "venue": "Computational Visual Media",
        "year": 2023,
        "arxiv": "2202.09741",
    },
    "code": "Visual-Attention-Network/VAN-Classification",
    "family": "spatial",
    "place": "after",
    "aliases": ["large-kernel-attention", "van", "visual-attention-network"],
    "where": {"near": "2*dilation - 1", "far": "kernel_size // dilation"},
    "params": "C*C + (near**2 + far**2 + 3)*C + (2*C*C + 2*C if projections else 0)",
    "macs": "N*(C*C + (near**2 + far**2)*C + (2*C*C if projections else 0))",
    "limits": [
        ["dilation > 0", "dilation must be positive, not {dilation}"],
        [
            "far % 2 == 1",
            "kernel_size // dilation must be odd, so that the kernel has a middle, not {kernel_size // dilation}",
        ],
    ],
    "variants": {"projected": {"projections": True}},
    "deviations": [
        "The map that multiplies has no activation and no normalisation: it can be negative and larger than 1.",
        "The plain name is the core, LKA; VAN's Attention has a projection, a GELU and a shortcut around it"
        " (variant projected).",
        "VAN draws its weights from a normal distribution by fan-out; here they have PyTorch's default values.",
    ],
}


class LKA(nn.Module):
    """Large Kernel Attention: (N, C, H, W) to the same shape.

    channels: C. kernel_size: K, the side of the kernel that is made up. dilation: d. projections: 1x1 convolutions,
    GELU and shortcut around the core.
    """

    def __init__(
        self, channels: int, *, kernel_size: int = 21, dilation: int = 3, projections: bool = False
    ) -> None:
        super().__init__()
        near, far = 2 * dilation - 1, kernel_size // dilation
        reach = far // 2 * dilation
        self.enter = nn.Conv2d(channels, channels, 1) if projections else None
        self.attention = nn.Sequential(
            OrderedDict(
                near=nn.Conv2d(channels, channels, near, padding=near // 2, groups=channels),
                far=nn.Conv2d(channels, channels, far, padding=reach, dilation=dilation, groups=channels),
                mix=nn.Conv2d(channels, channels, 1),
            )
        )
        self.leave = nn.Conv2d(channels, channels, 1) if projections else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Multiply x (N, C, H, W) by what a large kernel sees."""
        inner = x if self.enter is None else F.gelu(self.enter(x))
        gated: torch.Tensor = inner * self.attention(inner)
        return gated if self.leave is None else x + self.leave(gated)

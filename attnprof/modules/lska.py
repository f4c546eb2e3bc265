"""Multiplies the map by a transform of itself with a large kernel, made up of strips along rows and columns.

    a = conv px1(conv 1xp(x))                   depth-wise, first along the rows
    a = conv qx1(conv 1xq(a)), dilated by d     depth-wise, first along the rows
    core(x) = x * conv1x1(a)                    C x C; every convolution with bias, no activation
    y = core(x)                                 projections=True: y = x + P2 core(gelu(P1 x)), P: conv1x1

    kernel_size     7  11  23  35  41  53
    d               2   2   3   3   3   3
    p = 2d-1        3   3   5   5   5   5
    q = k//d        3   5   7  11  13  17

Large Separable Kernel Attention: Rethinking the Large Kernel Attention Design in CNN. Kin Wai Lau et al.,
Expert Systems with Applications 2024, arXiv:2309.01439.
Official code: StevenLauHKHK/Large-Separable-Kernel-Attention.
"""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "LSKA",
    "name": "Large Separable Kernel Attention",
    "paper": {
        "title": "Large Separable Kernel Attention: Rethinking the Large Kernel Attention Design in CNN",
        "author": "Kin Wai Lau",
        "venue": "Expert Systems with Applications",
        "year": 2024,
        "arxiv": "2309.01439",
    },
    "code": "StevenLauHKHK/Large-Separable-Kernel-Attention",
    "family": "spatial",
    "place": "after",
    "aliases": ["large-separable-kernel-attention", "lska-van"],
    "where": {
        "dilation": "2 if kernel_size < 23 else 3",
        "near": "2*dilation - 1",
        "far": "kernel_size // dilation",
    },
    "params": "C*C + (2*near + 2*far + 5)*C + (2*C*C + 2*C if projections else 0)",
    "macs": "N*(C*C + 2*(near + far)*C + (2*C*C if projections else 0))",
    "limits": [
        [
            "kernel_size in (7, 11, 23, 35, 41, 53)",
            "kernel_size must be 7, 11, 23, 35, 41 or 53, not {kernel_size}",
        ]
    ],
    "variants": {
        "k7": {"kernel_size": 7},
        "k11": {"kernel_size": 11},
        "k35": {"kernel_size": 35},
        "k41": {"kernel_size": 41},
        "k53": {"kernel_size": 53},
        "projected": {"projections": True},
    },
    "deviations": [
        "The official code has no default kernel size; 23 is the default here, the next above LKA's 21.",
        "The official code defines six kernel sizes and fails in the forward pass for any other.",
        "The map that multiplies has no activation and no normalisation: it can be negative and larger than 1.",
        "The plain name is the core; the official Attention has a projection, a GELU and a shortcut around it"
        " (variant projected).",
    ],
}


class LSKA(nn.Module):
    """Large Separable Kernel Attention: (N, C, H, W) to the same shape.

    channels: C. kernel_size: k, the side of the kernel that is made up. projections: 1x1 convolutions, GELU and
    shortcut around the core.
    """

    def __init__(self, channels: int, *, kernel_size: int = 23, projections: bool = False) -> None:
        super().__init__()
        dilation = 2 if kernel_size < 23 else 3
        near, far = 2 * dilation - 1, kernel_size // dilation
        self.enter = nn.Conv2d(channels, channels, 1) if projections else None
        self.attention = nn.Sequential(
            OrderedDict(
                near_row=_strip(channels, (1, near), 1),
                near_column=_strip(channels, (near, 1), 1),
                far_row=_strip(channels, (1, far), dilation),
                far_column=_strip(channels, (far, 1), dilation),
                mix=nn.Conv2d(channels, channels, 1),
            )
        )
        self.leave = nn.Conv2d(channels, channels, 1) if projections else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Multiply x (N, C, H, W) by what a large kernel sees."""
        inner = x if self.enter is None else F.gelu(self.enter(x))
        gated: torch.Tensor = inner * self.attention(inner)
        return gated if self.leave is None else x + self.leave(gated)


def _strip(channels: int, kernel: tuple[int, int], dilation: int) -> nn.Conv2d:
    padding = kernel[0] // 2 * dilation, kernel[1] // 2 * dilation
    return nn.Conv2d(channels, channels, kernel, padding=padding, dilation=dilation, groups=channels)

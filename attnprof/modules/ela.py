"""Reweights each element by a gate per row and a gate per column, from one-dimensional convolutions of the averages.

    a, b = mean over W, mean over H of x        (C, H), (C, W)
    u = sigmoid(GroupNorm(conv1d(a)))           kernel k, groups of group_channels channels, no bias
    v = sigmoid(GroupNorm(conv1d(b)))           the same weights; shared=False: weights of its own
    y = x * u * v                               (C, H, 1) and (C, 1, W)
    silu=True: sigmoid(silu(.)) for sigmoid(.)

    ELA-B (default)  k 7, depth-wise, GroupNorm of 16     ELA-T  k 5, depth-wise, GroupNorm of 32
    ELA-S            k 5, 8 channels to a group, 16       ELA-L  k 7, 8 channels to a group, 16

ELA: Efficient Local Attention for Deep Convolutional Neural Networks. Wei Xu et al.,
arXiv 2024, arXiv:2403.01123.
Official code: none; the listing in the paper.
"""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "ELA",
    "name": "Efficient Local Attention",
    "paper": {
        "title": "ELA: Efficient Local Attention for Deep Convolutional Neural Networks",
        "author": "Wei Xu",
        "venue": "arXiv",
        "year": 2024,
        "arxiv": "2403.01123",
    },
    "code": "",
    "family": "channel+spatial",
    "place": "after",
    "aliases": ["efficient-local-attention", "efficientlocalattn"],
    "related": ["ela-b"],
    "where": {"width": "C if group_channels is None else group_channels", "copies": "1 if shared else 2"},
    "params": "copies*(kernel_size*width*C + 2*C + (C if bias else 0))",
    "macs": "kernel_size*width*C*(H + W)",
    "limits": [
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        [
            "group_channels is None or group_channels > 0",
            "group_channels must be positive, not {group_channels}",
        ],
        ["C % width == 0", "channels must be a multiple of group_channels = {width}"],
        ["norm_groups > 0", "norm_groups must be positive, not {norm_groups}"],
        ["C % norm_groups == 0", "channels must be a multiple of norm_groups = {norm_groups}"],
        [
            "batch*(C//norm_groups)*min(H, W) > 1",
            "a strip of one position and one channel per group leaves GroupNorm one value",
        ],
    ],
    "variants": {
        "t": {"kernel_size": 5, "norm_groups": 32},
        "s": {"kernel_size": 5, "group_channels": 8},
        "l": {"group_channels": 8},
        "timm": {"norm_groups": 1, "shared": False, "silu": True},
        "objectdetection-script": {"kernel_size": 1, "group_channels": None, "bias": True},
    },
    "deviations": [
        "No official code exists; this follows the listing in the paper, which circulates in copies.",
        "timm gives rows and columns weights of their own, one GroupNorm group and a SiLU before the sigmoid.",
        "The copy in objectdetection_script has one dense 1x1 convolution with bias: no local kernel at all.",
        "ELA-S and ELA-L have C // 8 groups in the paper; here 8 channels to a group, the same for multiples of 8.",
    ],
}


class ELA(nn.Module):
    """Efficient Local Attention: (N, C, H, W) to the same shape.

    channels: C. kernel_size: k. group_channels: channels per group of the convolution, None for all in one.
    norm_groups: of GroupNorm. bias: in the convolution. shared: one set of weights for rows and columns.
    silu: a SiLU before the sigmoid.
    """

    def __init__(
        self,
        channels: int,
        *,
        kernel_size: int = 7,
        group_channels: int | None = 1,
        norm_groups: int = 16,
        bias: bool = False,
        shared: bool = True,
        silu: bool = False,
    ) -> None:
        super().__init__()
        groups = 1 if group_channels is None else channels // group_channels

        def strip() -> nn.Sequential:
            conv = nn.Conv1d(
                channels, channels, kernel_size, padding=kernel_size // 2, groups=groups, bias=bias
            )
            return nn.Sequential(OrderedDict(conv=conv, norm=nn.GroupNorm(norm_groups, channels)))

        self.silu = silu
        self.rows = strip()
        self.columns = None if shared else strip()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per channel and row times one per channel and column."""
        rows = self.rows(x.mean(dim=3))
        columns = (self.rows if self.columns is None else self.columns)(x.mean(dim=2))
        if self.silu:
            rows, columns = F.silu(rows), F.silu(columns)
        row_gate: torch.Tensor = rows.sigmoid()
        column_gate: torch.Tensor = columns.sigmoid()
        return x * row_gate[:, :, :, None] * column_gate[:, :, None]

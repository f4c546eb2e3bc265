"""Convolves receptive fields that are gated as in coordinate attention: by row and by column.

    f = relu(BN(depthwise conv k x k (x)))      k*k numbers for each channel and pixel, no bias
    z = f, each pixel's k*k numbers laid out as a patch of k x k        (C, k*H, k*W)
    a, b = mean over the columns, mean over the rows of z   (C, k*H), (C, k*W)
    [u, v] = hswish(BN(conv1x1([a, b])))        C to m = max(8, C//r) channels
    y = conv k x k, stride k (z * sigmoid(conv1x1(u)) * sigmoid(conv1x1(v)))        every 1x1 and this one with bias

RFAConv: Innovating Spatial Attention and Standard Convolutional Operation. Xin Zhang et al., arXiv 2023,
arXiv:2304.03198.
Official code: Liuchen1997/RFAConv.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._receptive import features, spread

ENTRY = {
    "class": "RFCA",
    "name": "RFCAConv: coordinate attention on receptive fields",
    "paper": {
        "title": "RFAConv: Innovating Spatial Attention and Standard Convolutional Operation",
        "author": "Xin Zhang",
        "venue": "arXiv",
        "year": 2023,
        "arxiv": "2304.03198",
    },
    "code": "Liuchen1997/RFAConv",
    "family": "channel+spatial",
    "place": "replace",
    "aliases": ["rfcaconv", "rf-ca"],
    "where": {"area": "kernel_size**2", "hidden": "max(8, C // reduction)"},
    "params": "area*C*C + C*area*(area + 2) + C + 3*C*hidden + 3*hidden + 2*C",
    "macs": "N*(area*C*C + C*area**2) + 2*kernel_size*(H + W)*C*hidden",
    "limits": [
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "deviations": [
        "Nothing follows the last convolution: no BatchNorm and no activation, unlike in RFAConv and RFCBAMConv.",
        "Its stride, which would shrink the map, is left out.",
    ],
}


class RFCA(nn.Module):
    """Coordinate attention on receptive fields, and their convolution: (N, C, H, W) to the same shape.

    channels: C. kernel_size: k. reduction: r.
    """

    def __init__(self, channels: int, *, kernel_size: int = 3, reduction: int = 32) -> None:
        super().__init__()
        hidden = max(8, channels // reduction)
        self.kernel_size = kernel_size
        self.features = features(channels, kernel_size)
        self.squeeze = nn.Conv2d(channels, hidden, 1)
        self.norm = nn.BatchNorm2d(hidden)
        self.rows = nn.Conv2d(hidden, channels, 1)
        self.columns = nn.Conv2d(hidden, channels, 1)
        self.read = nn.Conv2d(channels, channels, kernel_size, stride=kernel_size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Convolve the gated receptive fields of x (N, C, H, W)."""
        fields = spread(self.features(x), self.kernel_size)
        by_row, by_column = fields.mean(dim=3, keepdim=True), fields.mean(dim=2, keepdim=True)
        lines = torch.cat((by_row, by_column.transpose(2, 3)), dim=2)
        squeezed = F.hardswish(self.norm(self.squeeze(lines)))
        height = fields.shape[2]
        rows, columns = squeezed[:, :, :height], squeezed[:, :, height:]
        gate = self.columns(columns.transpose(2, 3)).sigmoid() * self.rows(rows).sigmoid()
        y: torch.Tensor = self.read(fields * gate)
        return y

"""Reweights channels, region by region, by two 1-D convolutions: of the averages of 5x5 cells and of their mean.

    l = x average-pooled to s x s cells             (C, s, s), s = local_size
    g = sigmoid(conv1d(mean over the cells of l))   (C); kernel k along the channels
    e = sigmoid(conv1d(l as one sequence))          (C, s, s); all channels of the first cell, then of the next
    a = local_weight e + (1 - local_weight) g       (C, s, s), g the same in every cell
    y = x * (a average-pooled to H x W)             a bin that spans two cells takes their mean

    k from C: t = int(|log2(C) + b| / gamma), k = t if t is odd else t + 1; zero padding (k-1)/2, no biases

Mixed local channel attention for object detection. Dahang Wan et al., Engineering Applications of Artificial
Intelligence 2023, doi:10.1016/j.engappai.2023.106442.
Official code: wandahangFY/MLCA.
"""

from math import log2

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "MLCA",
    "name": "Mixed Local Channel Attention",
    "paper": {
        "title": "Mixed local channel attention for object detection",
        "author": "Dahang Wan",
        "venue": "Engineering Applications of Artificial Intelligence",
        "year": 2023,
        "url": "https://doi.org/10.1016/j.engappai.2023.106442",
    },
    "code": "wandahangFY/MLCA",
    "family": "channel",
    "place": "after",
    "aliases": ["mixed-local-channel-attention", "local-channel-attention"],
    "where": {"t": "int(abs(log2(C) + b) / gamma)", "k": "t if t % 2 else t + 1"},
    "params": "2*k",
    "macs": "(local_size**2 + 1)*C*k",
    "limits": [
        ["gamma > 0", "gamma must be positive, not {gamma}"],
        ["local_size > 0", "local_size must be positive, not {local_size}"],
    ],
    "deviations": [
        "The gate is enlarged by adaptive average pooling, as in the official code: neither nearest nor bilinear.",
        "The local convolution runs over the cells' border: a cell's last channels see the next cell's first.",
        "The global average is the mean of the cells: not the map's own where H or W is no multiple of 5.",
        "A later file of the official code learns local_weight; here, as in the first, it is fixed.",
    ],
}


class MLCA(nn.Module):
    """Mixed Local Channel Attention: (N, C, H, W) to the same shape.

    channels: C. local_size: cells along each side. local_weight: share of the local gate. gamma, b: as above.
    """

    def __init__(
        self, channels: int, *, local_size: int = 5, local_weight: float = 0.5, gamma: float = 2, b: float = 1
    ) -> None:
        super().__init__()
        width = int(abs(log2(channels) + b) / gamma)
        kernel = width if width % 2 else width + 1
        self.local_size = local_size
        self.local_weight = local_weight
        self.global_conv = nn.Conv1d(1, 1, kernel, padding=(kernel - 1) // 2, bias=False)
        self.local_conv = nn.Conv1d(1, 1, kernel, padding=(kernel - 1) // 2, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by channel and region."""
        n, c, h, w = x.shape
        cells = F.adaptive_avg_pool2d(x, self.local_size)
        overall = self.global_conv(cells.mean(dim=(2, 3))[:, None]).sigmoid()  # (N, 1, C)
        local = self.local_conv(cells.flatten(2).transpose(1, 2).reshape(n, 1, -1)).sigmoid()
        gate = self.local_weight * local.view(n, -1, c) + (1 - self.local_weight) * overall  # (N, cells, C)
        gate = gate.transpose(1, 2).reshape(n, c, self.local_size, self.local_size)
        return x * F.adaptive_avg_pool2d(gate, (h, w))

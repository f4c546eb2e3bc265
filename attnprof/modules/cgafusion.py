"""Mixes two maps by a weight for each element, which channel and spatial attention to their sum guide.

    s = x + y
    c = W2 relu(W1 mean over H, W of s)         h = C//r, W1: h x C, W2: C x h, with bias
    p = conv7x7([mean over C of s, max over C of s])            (1, H, W), with bias
    v = conv7x7([s, p + c])                     C groups, each of a channel of s and of p + c; with bias
    w = sigmoid(sigmoid(v));   paper: w = sigmoid(v)
    z = conv1x1(s + w x + (1 - w) y)            with bias

Both 7x7 convolutions reflect the map at its edges.

DEA-Net: Single image dehazing based on detail-enhanced convolution and content-guided attention. Zixuan Chen et al., IEEE
Transactions on Image Processing 2024, arXiv:2301.04805.
Official code: cecret3350/DEA-Net.
"""

import torch
from torch import nn

ENTRY = {
    "class": "CGAFusion",
    "name": "CGAFusion: content-guided mixup fusion",
    "paper": {
        "title": "DEA-Net: Single image dehazing based on detail-enhanced convolution and content-guided attention",
        "author": "Zixuan Chen",
        "venue": "IEEE Transactions on Image Processing",
        "year": 2024,
        "arxiv": "2301.04805",
    },
    "code": "cecret3350/DEA-Net",
    "family": "fusion",
    "place": "fuse",
    "aliases": ["cga-fusion", "dea-net", "content-guided-attention", "mixup-fusion"],
    "where": {"hidden": "C // reduction"},
    "params": "2*C*hidden + hidden + C*C + 101*C + 99",
    "macs": "2*C*hidden + N*(C*C + 98*C + 98)",
    "limits": [
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["C >= reduction", "channels must be at least the reduction = {reduction}"],
        ["H > 3 and W > 3", "sides must be at least 4: a 7x7 convolution reflects 3 pixels at the edges"],
    ],
    "variants": {"paper": {"paper": True}, "r4": {"reduction": 4}},
    "deviations": [
        "The official code applies the sigmoid twice, so that w lies between 0.5 and 0.73; the paper once (variant paper).",
        "The reduction is 8, the class's default. In DEA-Net the hidden width is 16 in both fusions: reduction 8 at 128"
        " channels, 4 at 64 (variant r4).",
        "In DEA-Net x is the encoder's map and y the decoder's.",
    ],
}


class CGAFusion(nn.Module):
    """Content-guided fusion: two maps (N, C, H, W) to one of the same shape.

    channels: C. reduction: r. paper: one sigmoid, as in the paper.
    """

    def __init__(self, channels: int, *, reduction: int = 8, paper: bool = False) -> None:
        super().__init__()
        self.paper = paper
        self.squeeze = nn.Conv2d(channels, channels // reduction, 1)
        self.excite = nn.Conv2d(channels // reduction, channels, 1)
        self.place = nn.Conv2d(2, 1, 7, padding=3, padding_mode="reflect")
        self.refine = nn.Conv2d(2 * channels, channels, 7, padding=3, padding_mode="reflect", groups=channels)
        self.project = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Mix x and y (N, C, H, W) by one weight per element."""
        total = x + y
        weight = self._score(total).sigmoid()
        if not self.paper:
            weight = weight.sigmoid()
        fused: torch.Tensor = self.project(total + weight * x + (1 - weight) * y)
        return fused

    def _score(self, total: torch.Tensor) -> torch.Tensor:
        # (N, C, H, W) to the same shape.
        by_channel = self.excite(self.squeeze(total.mean(dim=(2, 3), keepdim=True)).relu())
        extremes = torch.cat((total.mean(dim=1, keepdim=True), total.amax(dim=1, keepdim=True)), dim=1)
        guide = self.place(extremes) + by_channel
        score: torch.Tensor = self.refine(torch.stack((total, guide), dim=2).flatten(1, 2))
        return score

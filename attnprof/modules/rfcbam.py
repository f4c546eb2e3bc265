"""Convolves receptive fields that are gated as in CBAM: by channel, and at every place of every field.

    f = relu(BN(depthwise conv k x k (x)))      k*k numbers for each channel and pixel, no bias
    z = f, each pixel's k*k numbers laid out as a patch of k x k        (C, k*H, k*W)
    c = sigmoid(W2 relu(W1 mean over H, W of x))            W1: r x C, W2: C x r, no bias, r = 16
    p = sigmoid(conv3x3([max over C of z, mean over C of z]))           2 to 1 channel, zero padded, no bias
    y = relu(BN(conv k x k, stride k (z * c * p)))          with bias

RFAConv: Innovating Spatial Attention and Standard Convolutional Operation. Xin Zhang et al., arXiv 2023,
arXiv:2304.03198.
Official code: Liuchen1997/RFAConv.
"""

import torch
from torch import nn

from attnprof.modules._receptive import features, read, spread

ENTRY = {
    "class": "RFCBAM",
    "name": "RFCBAMConv: CBAM on receptive fields",
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
    "aliases": ["rfcbamconv", "rf-cbam"],
    "where": {"area": "kernel_size**2"},
    "params": "area*C*C + C*area*(area + 2) + 3*C + 2*C*hidden + 18",
    "macs": "N*(area*C*C + C*area**2 + 18*area) + 2*C*hidden",
    "limits": [
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["hidden > 0", "hidden must be positive, not {hidden}"],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "deviations": [
        "The channel gate's hidden width is 16 whatever C is: the official code takes its reduction for the width.",
        "The place gate reads the features before they are gated by channel.",
        "Its stride, which would shrink the map, is left out.",
    ],
}


class RFCBAM(nn.Module):
    """CBAM on receptive fields, and their convolution: (N, C, H, W) to the same shape.

    channels: C. kernel_size: k. hidden: r, width of the channel gate.
    """

    def __init__(self, channels: int, *, kernel_size: int = 3, hidden: int = 16) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.features = features(channels, kernel_size)
        self.squeeze = nn.Linear(channels, hidden, bias=False)
        self.excite = nn.Linear(hidden, channels, bias=False)
        self.place = nn.Conv2d(2, 1, 3, padding=1, bias=False)
        self.read = read(channels, kernel_size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Convolve the gated receptive fields of x (N, C, H, W)."""
        fields = spread(self.features(x), self.kernel_size)
        by_channel = self.excite(self.squeeze(x.mean(dim=(2, 3))).relu()).sigmoid()[..., None, None]
        extremes = torch.cat((fields.amax(dim=1, keepdim=True), fields.mean(dim=1, keepdim=True)), dim=1)
        y: torch.Tensor = self.read(fields * by_channel * self.place(extremes).sigmoid())
        return y

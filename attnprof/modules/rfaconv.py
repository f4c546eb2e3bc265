"""Weighs the taps of a convolution anew at every pixel, so that its kernel is not the same everywhere.

    f = relu(BN(depthwise conv k x k (x)))      k*k numbers for each channel and pixel, no bias
    a = softmax over these k*k of conv1x1(average pool k x k of x)      channel by channel, no bias; zeros count
    z = f * a, each pixel's k*k numbers laid out as a patch of k x k    (C, k*H, k*W)
    y = relu(BN(conv k x k, stride k (z)))      with bias

RFAConv: Innovating Spatial Attention and Standard Convolutional Operation. Xin Zhang et al., arXiv 2023,
arXiv:2304.03198.
Official code: Liuchen1997/RFAConv.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._receptive import features, read, spread

ENTRY = {
    "class": "RFAConv",
    "name": "RFAConv: receptive-field attention convolution",
    "paper": {
        "title": "RFAConv: Innovating Spatial Attention and Standard Convolutional Operation",
        "author": "Xin Zhang",
        "venue": "arXiv",
        "year": 2023,
        "arxiv": "2304.03198",
    },
    "code": "Liuchen1997/RFAConv",
    "family": "spatial",
    "place": "replace",
    "aliases": ["rfa-conv", "rfa", "receptive-field-attention"],
    "where": {"area": "kernel_size**2"},
    "params": "area*C*C + C*area*(area + 3) + 3*C",
    "macs": "N*(area*C*C + C*area*(area + 1))",
    "limits": [
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "variants": {"k5": {"kernel_size": 5}},
    "deviations": [
        "Follows the official class on grouped convolutions, which the authors prefer; the one on unfolded patches is left out.",
        "Collections for YOLO often end in its own convolution instead, without bias and with SiLU.",
        "The pool divides by k*k at the border, too: zeros outside the map count.",
        "Its stride, which would shrink the map, is left out.",
    ],
}


class RFAConv(nn.Module):
    """Receptive-field attention convolution: (N, C, H, W) to the same shape.

    channels: C. kernel_size: k.
    """

    def __init__(self, channels: int, *, kernel_size: int = 3) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.weigh = nn.Conv2d(channels, channels * kernel_size**2, 1, groups=channels, bias=False)
        self.features = features(channels, kernel_size)
        self.read = read(channels, kernel_size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Convolve x (N, C, H, W) with taps that are weighed at every pixel."""
        size = self.kernel_size
        pooled = F.avg_pool2d(x, size, stride=1, padding=size // 2)
        weights = self.weigh(pooled).unflatten(1, (-1, size**2)).softmax(dim=2).flatten(1, 2)
        y: torch.Tensor = self.read(spread(self.features(x) * weights, size))
        return y

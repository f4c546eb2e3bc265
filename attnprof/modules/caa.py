"""Gates each element by what a blurred map, spread along rows and columns, says of its surroundings.

    t = mean of x over 7x7                      zeros around the map count
    t = silu(BN(conv1x1(t)))                    C x C, no bias; norm=False: conv1x1 alone, with bias
    t = conv 11x1(conv 1x11(t))                 depth-wise, with bias, first along the rows
    t = silu(BN(conv1x1(t)))                    as above, weights of its own
    y = x * sigmoid(t)

Poly Kernel Inception Network for Remote Sensing Detection. Xinhao Cai et al., CVPR 2024, arXiv:2403.06258.
Official code: PKINet/PKINet.
"""

from collections import OrderedDict

import torch
from torch import nn

ENTRY = {
    "class": "CAA",
    "name": "Context Anchor Attention",
    "paper": {
        "title": "Poly Kernel Inception Network for Remote Sensing Detection",
        "author": "Xinhao Cai",
        "venue": "CVPR",
        "year": 2024,
        "arxiv": "2403.06258",
    },
    "code": "PKINet/PKINet",
    "family": "spatial",
    "place": "after",
    "aliases": ["context-anchor-attention", "pkinet"],
    "params": "2*C*C + 2*(kernel_size + 1)*C + (4*C if norm else 2*C)",
    "macs": "N*(2*C*C + 2*kernel_size*C)",
    "limits": [
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["pool_size > 0 and pool_size % 2 == 1", "pool_size must be odd and positive, not {pool_size}"],
        [
            "not train or not norm or batch*N > 1",
            "training needs more than one value per channel for BatchNorm",
        ],
    ],
    "variants": {"pkinet": {"norm": False}},
    "deviations": [
        "The official module returns the gate alone and its block multiplies; here the gate is applied.",
        "The default is the official class with its own defaults; PKINet itself builds it without BatchNorm and SiLU,"
        " and its 1x1 convolutions then have biases (variant pkinet).",
        "PKINet lengthens the strips by 2 with every block of a stage: set kernel_size to 13, 15 and so on.",
        "BatchNorm has eps 0.001 and momentum 0.03, as in the official code.",
    ],
}


class CAA(nn.Module):
    """Context Anchor Attention: (N, C, H, W) to the same shape.

    channels: C. kernel_size: length of the strips. pool_size: side of the average. norm: BatchNorm and SiLU behind
    the 1x1 convolutions, which have a bias without them.
    """

    def __init__(
        self, channels: int, *, kernel_size: int = 11, pool_size: int = 7, norm: bool = True
    ) -> None:
        super().__init__()
        along = kernel_size // 2
        self.pool = nn.AvgPool2d(pool_size, stride=1, padding=pool_size // 2)
        self.before = _pointwise(channels, norm)
        self.row = nn.Conv2d(channels, channels, (1, kernel_size), padding=(0, along), groups=channels)
        self.column = nn.Conv2d(channels, channels, (kernel_size, 1), padding=(along, 0), groups=channels)
        self.after = _pointwise(channels, norm)
        for layer in self.modules():  # as mmcv's ConvModule
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per element."""
        spread = self.column(self.row(self.before(self.pool(x))))
        gate: torch.Tensor = self.after(spread).sigmoid()
        return x * gate


def _pointwise(channels: int, norm: bool) -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict(conv=nn.Conv2d(channels, channels, 1, bias=not norm))
    if norm:
        layers.update(norm=nn.BatchNorm2d(channels, eps=1e-3, momentum=0.03), act=nn.SiLU())
    return nn.Sequential(layers)

"""Convolves twice at full size, gating in between by what a convolution sees on a pooled map.

    g = sigmoid(x + up(BN(conv3x3(pool(x)))))   (C, H, W); pool: p x p average, stride p; up: nearest neighbour
    y = BN(conv3x3(g * BN(conv3x3(x))))         no biases, no activation behind

    bottleneck: the published residual block around it, w = C//8, cbr = relu(BN(conv)), no biases
    a = cbr3x3(cbr1x1(x)), b = relu(the above at width w of cbr1x1(x))     two separate 1x1 from C to w
    y = relu(BN(conv1x1([a, b])) + x)

Improving Convolutional Networks with Self-Calibrated Convolutions. Jiang-Jiang Liu et al., CVPR 2020.
Official code: MCG-NKU/SCNet.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

ENTRY = {
    "class": "SelfCalibratedConv",
    "name": "Self-calibrated convolution",
    "paper": {
        "title": "Improving Convolutional Networks with Self-Calibrated Convolutions",
        "author": "Jiang-Jiang Liu",
        "venue": "CVPR",
        "year": 2020,
        "url": "https://mmcheng.net/scconv/",
    },
    "code": "MCG-NKU/SCNet",
    "family": "branch",
    "place": "replace",
    "aliases": ["self-calibrated-convolution", "self-calibrated-conv", "scconv", "scnet"],
    "related": ["scbottleneck"],
    "where": {
        "w": "C // 8 if bottleneck else C",
        "pixels": "(H//pooling) * (W//pooling)",
        "conv": "9*w*(w//groups)",
    },
    "params": "3*conv + 6*w + (4*C*w + conv + 6*w + 2*C if bottleneck else 0)",
    "macs": "conv*(2*N + pixels) + (N*(4*C*w + conv) if bottleneck else 0)",
    "limits": [
        ["pooling > 0", "pooling must be positive, not {pooling}"],
        ["dilation > 0", "dilation must be positive, not {dilation}"],
        ["groups > 0", "groups must be positive, not {groups}"],
        ["w > 0", "channels must be at least 8: the bottleneck's width is C // 8"],
        ["w % groups == 0", "the width of the convolution = {w} must be a multiple of the groups = {groups}"],
        ["min(H, W) >= pooling", "height and width must be at least the pooling window = {pooling}"],
        [
            "not train or batch*pixels > 1",
            "training needs more than one position in the batch of pooled maps",
        ],
    ],
    "variants": {"bottleneck": {"bottleneck": True}},
    "deviations": [
        "The default convolves all channels; the published bottleneck (variant bottleneck) gives it one of two halves"
        " and an ordinary 3x3 convolution the other.",
        "The pooled size is rounded down: rows and columns that fill no window do not reach the gate.",
        "The identity in the gate is the raw input, so input and output channels are equal; only stride 1 is offered.",
        "In the official bottleneck the width grows with the groups; here it is C // 8 whatever the groups.",
    ],
}


def _conv_norm(channels: int, dilation: int, groups: int) -> nn.Sequential:
    conv = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation, groups=groups, bias=False)
    return nn.Sequential(OrderedDict(conv=conv, norm=nn.BatchNorm2d(channels)))


def _pointwise_norm(channels: int, outputs: int) -> nn.Sequential:
    conv = nn.Conv2d(channels, outputs, 1, bias=False)
    return nn.Sequential(OrderedDict(conv=conv, norm=nn.BatchNorm2d(outputs)))


class SelfCalibratedConv(nn.Module):
    """Self-calibrated convolution: (N, C, H, W) to the same shape.

    channels: C. pooling: window and stride of the pooled branch. dilation, groups: of the 3x3 convolutions.
    bottleneck: the published residual block, in which the convolution has C // 8 channels.
    """

    def __init__(
        self, channels: int, *, pooling: int = 4, dilation: int = 1, groups: int = 1, bottleneck: bool = False
    ) -> None:
        super().__init__()
        width = channels // 8 if bottleneck else channels
        self.pooling, self.bottleneck = pooling, bottleneck
        self.pooled = _conv_norm(width, dilation, groups)
        self.full = _conv_norm(width, dilation, groups)
        self.output = _conv_norm(width, dilation, groups)
        if bottleneck:
            self.reduce_plain = _pointwise_norm(channels, width)
            self.reduce_calibrated = _pointwise_norm(channels, width)
            self.plain = _conv_norm(width, dilation, groups)
            self.expand = _pointwise_norm(2 * width, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Convolve x (N, C, H, W), alone or inside its residual block."""
        if not self.bottleneck:
            return self._calibrated(x)
        plain: torch.Tensor = self.plain(self.reduce_plain(x).relu()).relu()
        calibrated = self._calibrated(self.reduce_calibrated(x).relu()).relu()
        residual: torch.Tensor = self.expand(torch.cat((plain, calibrated), dim=1))
        return (residual + x).relu()

    def _calibrated(self, x: torch.Tensor) -> torch.Tensor:
        pooled = self.pooled(F.avg_pool2d(x, self.pooling))
        gate = (x + F.interpolate(pooled, size=x.shape[2:])).sigmoid()
        y: torch.Tensor = self.output(self.full(x) * gate)
        return y

"""Gates a map that depth-wise convolutions of three reaches have made with a map of the same features.

    u = P1 x;  u = silu(u + s * (u - mean over positions of u))         s: C, 1e-5 at first
    w = depthwise conv5x5(u);  [w0, w1, w2] = w                         C/8, 3C/8 and C/2 channels
    v = conv1x1([w0, depthwise conv5x5 dilated by 2 (w1), depthwise conv7x7 dilated by 3 (w2)])
    y = x + P2(silu(G u) * silu(v))                                     P, G: conv1x1; all with bias

MogaNet: Multi-order Gated Aggregation Network. Siyuan Li et al., ICLR 2024, arXiv:2211.03295.
Official code: Westlake-AI/MogaNet.
"""

import torch
import torch.nn.functional as F
from torch import nn

ENTRY = {
    "class": "MultiOrderGatedAggregation",
    "name": "Multi-order gated aggregation (MogaNet)",
    "paper": {
        "title": "MogaNet: Multi-order Gated Aggregation Network",
        "author": "Siyuan Li",
        "venue": "ICLR",
        "year": 2024,
        "arxiv": "2211.03295",
    },
    "code": "Westlake-AI/MogaNet",
    "family": "spatial",
    "place": "after",
    "aliases": ["moganet", "multi-order-gated-aggregation", "moga-attention"],
    "where": {"middle": "3*C // 8", "far": "C // 2"},
    "params": "4*C*C + 31*C + 26*middle + 50*far",
    "macs": "N*(4*C*C + 25*C + 25*middle + 49*far)",
    "limits": [["C % 8 == 0", "channels must be a multiple of 8: they are split 1 : 3 : 4"]],
    "deviations": [
        "The block's BatchNorm in front and layer scale behind are left out; the module's own shortcut is kept.",
        "MogaNet draws the weights of convolutions from a normal distribution by fan-out; here they have PyTorch's"
        " default values, as the module by itself has.",
    ],
}


class MultiOrderGatedAggregation(nn.Module):
    """Multi-order gated aggregation: (N, C, H, W) to the same shape.

    channels: C.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        middle, far = 3 * channels // 8, channels // 2
        self.widths = (channels - middle - far, middle, far)
        self.enter = nn.Conv2d(channels, channels, 1)
        self.contrast = nn.Parameter(torch.full((channels, 1, 1), 1e-5))
        self.gate = nn.Conv2d(channels, channels, 1)
        self.near = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.middle = nn.Conv2d(middle, middle, 5, padding=4, dilation=2, groups=middle)
        self.far = nn.Conv2d(far, far, 7, padding=9, dilation=3, groups=far)
        self.mix = nn.Conv2d(channels, channels, 1)
        self.leave = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add to x (N, C, H, W) its gated aggregation."""
        inner = self.enter(x)
        inner = F.silu(inner + self.contrast * (inner - F.adaptive_avg_pool2d(inner, 1)))
        low, middle, far = self.near(inner).split(self.widths, dim=1)
        value = self.mix(torch.cat((low, self.middle(middle), self.far(far)), dim=1))
        y: torch.Tensor = x + self.leave(F.silu(self.gate(inner)) * F.silu(value))
        return y

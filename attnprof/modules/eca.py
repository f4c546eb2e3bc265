"""Reweights each channel by a gate that one small 1-D convolution computes from the averages of neighbouring channels.

    s = mean over H, W of x                     (C)
    g = sigmoid(conv1d(s))                      kernel k along the channels, zero padding (k-1)/2
    y = g * x

    k = kernel_size, or from C: t = int(|log2(C) + b| / gamma), k = t if t is odd else t + 1
    shared=False: every channel has k weights of its own.

ECA-Net: Efficient Channel Attention for Deep Convolutional Neural Networks. Qilong Wang et al., CVPR 2020,
arXiv:1910.03151.
Official code: BangguWu/ECANet.
"""

from math import log2

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "ECA",
    "name": "Efficient Channel Attention",
    "paper": {
        "title": "ECA-Net: Efficient Channel Attention for Deep Convolutional Neural Networks",
        "author": "Qilong Wang",
        "venue": "CVPR",
        "year": 2020,
        "arxiv": "1910.03151",
    },
    "code": "BangguWu/ECANet",
    "family": "channel",
    "place": "after",
    "aliases": ["efficient-channel-attention", "eca-net", "ecanet", "eca-layer"],
    "where": {
        "t": "int(abs(log2(C) + b) / gamma)",
        "k": "(t if t % 2 else t + 1) if kernel_size is None else kernel_size",
    },
    "params": "(k + (1 if bias else 0))*(1 if shared else C)",
    "macs": "k*C",
    "limits": [
        [
            "kernel_size is None or kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["gamma > 0", "gamma must be positive, not {gamma}"],
    ],
    "variants": {
        "k3": {"kernel_size": 3},
        "non-shared": {"kernel_size": 3, "shared": False},
        "xmu-xiaoma666": {"kernel_size": 3, "bias": True},
    },
    "deviations": [
        "The paper derives k from the channels, as the default here; the official code does not: 3 unless told (k3).",
        "The official ResNet-50 command sets k to 3, 5, 5, 7 by stage; the paper's rule gives 5, 5, 5, 7 there.",
        "The variant non-shared is the paper's ablation with k*C weights, not what the name ECA usually means.",
        "xmu-xiaoma666's copy has a kernel of 3 with a bias: one parameter more (variant xmu-xiaoma666).",
    ],
    "inside": {
        "resnet18": {"settings": {"kernel_size": "3/5/7/7"}},
        "resnet34": {"settings": {"kernel_size": "3/3/5/7"}},
        "resnet50": {"settings": {"kernel_size": "3/5/5/7"}},
        "resnet101": {"settings": {"kernel_size": "3/3/5/7"}},
        "resnet152": {"settings": {"kernel_size": "3/3/5/7"}},
        "mobilenetv2": {"place": "after_project", "settings": {"kernel_size": "1/1/1/1/3/3/3"}},
    },
}


class ECA(nn.Module):
    """Efficient Channel Attention: (N, C, H, W) to the same shape.

    channels: C. kernel_size: odd; None derives it from C with gamma and b. shared: one kernel for all channels.
    bias: in the convolution.
    """

    def __init__(
        self,
        channels: int,
        *,
        kernel_size: int | None = None,
        gamma: float = 2.0,
        b: float = 1.0,
        shared: bool = True,
        bias: bool = False,
    ) -> None:
        super().__init__()
        if kernel_size is None:
            width = int(abs(log2(channels) + b) / gamma)
            kernel_size = width if width % 2 else width + 1
        self.shared = shared
        self.kernel_size = kernel_size
        self.padding = (kernel_size - 1) // 2
        if shared:
            self.conv = nn.Conv1d(1, 1, kernel_size, padding=self.padding, bias=bias)
        else:
            self.conv = nn.Conv1d(channels, channels, kernel_size, groups=channels, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per channel."""
        pooled = x.mean(dim=(2, 3))
        if self.shared:
            score = self.conv(pooled[:, None])[:, 0]
        else:
            neighbours = F.pad(pooled, (self.padding, self.padding)).unfold(
                1, self.kernel_size, 1
            )  # (N, C, k)
            score = self.conv(neighbours)[:, :, 0]
        gate: torch.Tensor = score.sigmoid()
        return x * gate[:, :, None, None]

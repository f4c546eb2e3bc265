"""Sums a 3x3 convolution, a 1x1 convolution and a skip that is gated per channel, then applies SiLU.

    u = BN(x)                                   skip_norm=False: u = x
    s = u * sigmoid(W mean over H, W of u)      W: C x C
    y = silu(BN(conv3x3(x)) + BN(conv1x1(x)) + s)       no bias anywhere, or with bias=True everywhere

Non-deep Networks. Ankit Goyal et al., NeurIPS 2022, arXiv:2110.07641.
Official code: imankgoyal/NonDeepNetworks.
"""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "ParNet",
    "name": "ParNet block",
    "paper": {
        "title": "Non-deep Networks",
        "author": "Ankit Goyal",
        "venue": "NeurIPS",
        "year": 2022,
        "arxiv": "2110.07641",
    },
    "code": "imankgoyal/NonDeepNetworks",
    "family": "branch",
    "place": "replace",
    "aliases": ["parnet-attention", "parnetattention", "parnet-block", "non-deep-networks"],
    "related": ["repvgg-sse"],
    "params": "11*C*C + 4*C + (2*C if skip_norm else 0) + (3*C if bias else 0)",
    "macs": "10*C*C*N + C*C",
    "limits": [["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"]],
    "variants": {"external-attention-pytorch": {"bias": True, "skip_norm": False}},
    "deviations": [
        "xmu-xiaoma666's External-Attention-pytorch has biases in all three layers and no BatchNorm on the skip"
        " (variant external-attention-pytorch).",
        "The official block falls back on ReLU; ParNet itself asks for SiLU, as here.",
        "The official block has no skip where stride or width change and gates the sum instead; left out here.",
        "For inference the paper folds the two convolutions into one; here, as in training, they are two.",
    ],
}


class ParNet(nn.Module):
    """ParNet block (RepVGG-SSE): (N, C, H, W) to the same shape.

    channels: C. bias: in the convolutions and the gate. skip_norm: BatchNorm in front of the gated skip.
    """

    def __init__(self, channels: int, *, bias: bool = False, skip_norm: bool = True) -> None:
        super().__init__()
        self.large = _normed(channels, 3, bias)
        self.small = _normed(channels, 1, bias)
        self.skip_norm = nn.BatchNorm2d(channels) if skip_norm else nn.Identity()
        self.gate = nn.Conv2d(channels, channels, 1, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Sum the three branches over x (N, C, H, W)."""
        skip = self.skip_norm(x)
        gated = skip * self.gate(skip.mean(dim=(2, 3), keepdim=True)).sigmoid()
        return F.silu(self.large(x) + self.small(x) + gated)


def _normed(channels: int, kernel: int, bias: bool) -> nn.Sequential:
    conv = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, bias=bias)
    return nn.Sequential(OrderedDict(conv=conv, norm=nn.BatchNorm2d(channels)))

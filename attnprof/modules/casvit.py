"""Adds gated queries and gated keys in place of their product, and multiplies the values by the sum.

    [q, k, v] = conv1x1(x)                      C channels each, no bias
    gated(t) = channel(spatial(t)), q and k with weights of their own:
        spatial(t) = t * sigmoid(conv1x1(relu(BN(depthwise conv3x3(t)))))       C to 1 channel, no bias
        channel(t) = t * sigmoid(conv1x1(mean over positions of t))             C to C, no bias
    y = depthwise conv3x3(depthwise conv3x3(gated(q) + gated(k)) * v)           depthwise: with bias

CAS-ViT: Convolutional Additive Self-attention Vision Transformers for Efficient Mobile Applications.
Tianfang Zhang et al., arXiv 2024, arXiv:2408.03703.
Official code: Tianfang-Zhang/CAS-ViT.
"""

from collections import OrderedDict

import torch
from torch import nn

ENTRY = {
    "class": "AdditiveTokenMixer",
    "name": "Convolutional additive self-attention (CAS-ViT)",
    "paper": {
        "title": (
            "CAS-ViT: Convolutional Additive Self-attention Vision Transformers for Efficient Mobile Applications"
        ),
        "author": "Tianfang Zhang",
        "venue": "arXiv",
        "year": 2024,
        "arxiv": "2408.03703",
    },
    "code": "Tianfang-Zhang/CAS-ViT",
    "family": "self-attention",
    "place": "after",
    "aliases": ["cas-vit", "catm", "additive-token-mixer", "convolutional-additive-self-attention"],
    "params": "5*C*C + 46*C + (3*C if qkv_bias else 0)",
    "macs": "N*(3*C*C + 38*C) + 2*C*C",
    "limits": [["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"]],
    "deviations": [
        "No softmax and no product of positions: every position's cost is the same.",
        "The last convolution, which the paper draws as a linear layer, is depth-wise in the official code and here.",
        "The block's local perception in front, its norms and its feed-forward part are left out.",
    ],
}


class _Gates(nn.Module):
    """A gate by position, then one by channel: (N, C, H, W) to the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.spatial = nn.Sequential(
            OrderedDict(
                depthwise=nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
                norm=nn.BatchNorm2d(channels),
                relu=nn.ReLU(),
                score=nn.Conv2d(channels, 1, 1, bias=False),
                sigmoid=nn.Sigmoid(),
            )
        )
        self.channel = nn.Sequential(
            OrderedDict(
                pool=nn.AdaptiveAvgPool2d(1),
                score=nn.Conv2d(channels, channels, 1, bias=False),
                sigmoid=nn.Sigmoid(),
            )
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W)."""
        x = x * self.spatial(x)
        y: torch.Tensor = x * self.channel(x)
        return y


class AdditiveTokenMixer(nn.Module):
    """Convolutional additive self-attention: (N, C, H, W) to the same shape.

    channels: C. qkv_bias: a bias in the first convolution.
    """

    def __init__(self, channels: int, *, qkv_bias: bool = False) -> None:
        super().__init__()
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=qkv_bias)
        self.query_gates = _Gates(channels)
        self.key_gates = _Gates(channels)
        self.context = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.project = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Multiply the values of x (N, C, H, W) by what its gated queries and keys add up to."""
        query, key, value = self.qkv(x).chunk(3, dim=1)
        context = self.context(self.query_gates(query) + self.key_gates(key))
        y: torch.Tensor = self.project(context * value)
        return y

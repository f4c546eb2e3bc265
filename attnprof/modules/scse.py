"""Reweights channels and positions side by side and keeps the larger of the two results at every element.

    c = sigmoid(W2 relu(W1 s + b1) + b2) * x    s = mean over H, W of x (C), W1: C//r x C, W2: C x C//r
    p = sigmoid(conv1x1(x)) * x                 one map (1, H, W), with bias
    y = max(c, p)                               combine "add": c + p; mode "cse": c alone; "sse": p alone

Concurrent Spatial and Channel Squeeze & Excitation in Fully Convolutional Networks. Abhijit Guha Roy et al.,
MICCAI 2018, arXiv:1803.02579.
Official code: ai-med/squeeze_and_excitation.
"""

import torch
from torch import nn

ENTRY = {
    "class": "SCSE",
    "name": "Concurrent Spatial and Channel Squeeze & Excitation",
    "paper": {
        "title": "Concurrent Spatial and Channel Squeeze & Excitation in Fully Convolutional Networks",
        "author": "Abhijit Guha Roy",
        "venue": "MICCAI",
        "year": 2018,
        "arxiv": "1803.02579",
    },
    "code": "ai-med/squeeze_and_excitation",
    "family": "channel+spatial",
    "place": "after",
    "aliases": ["concurrent-squeeze-and-excitation", "sc-se"],
    "related": ["cse", "sse"],
    "where": {"hidden": "C // reduction", "channel": "mode != 'sse'", "spatial": "mode != 'cse'"},
    "params": "(2*C*hidden + hidden + C if channel else 0) + (C + 1 if spatial else 0)",
    "macs": "(2*C*hidden if channel else 0) + (C*N if spatial else 0)",
    "limits": [
        ["mode in ('both', 'cse', 'sse')", "mode must be 'both', 'cse' or 'sse', not {mode}"],
        ["combine in ('max', 'add')", "combine must be 'max' or 'add', not {combine}"],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["not channel or C >= reduction", "channels must be at least the reduction = {reduction}"],
    ],
    "variants": {
        "cse": {"mode": "cse"},
        "sse": {"mode": "sse"},
        "add": {"combine": "add"},
        "r16": {"reduction": 16},
        "smp": {"reduction": 16, "combine": "add"},
    },
    "deviations": [
        "The official code, as the default here, keeps the larger of the two gated maps; many copies add them"
        " (add), that of segmentation_models_pytorch with a reduction of 16 (variant smp).",
        "The reduction is 2 by default, not the 16 that is usual for squeeze-and-excitation (variant r16).",
        "All layers have biases, the 1x1 convolution of the spatial gate too.",
    ],
}


class _ChannelGate(nn.Module):
    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, hidden)
        self.excite = nn.Linear(hidden, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per channel."""
        gate: torch.Tensor = self.excite(self.squeeze(x.mean(dim=(2, 3))).relu()).sigmoid()
        return x * gate[:, :, None, None]


class _SpatialGate(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per position."""
        gate: torch.Tensor = self.conv(x).sigmoid()
        return x * gate


class SCSE(nn.Module):
    """Concurrent spatial and channel squeeze and excitation: (N, C, H, W) to the same shape.

    channels: C. reduction: hidden width is C // reduction. mode: "both", "cse" (channels alone) or "sse" (positions
    alone). combine: "max" or "add", where both run.
    """

    def __init__(
        self, channels: int, *, reduction: int = 2, mode: str = "both", combine: str = "max"
    ) -> None:
        super().__init__()
        self.mode = mode
        self.combine = combine
        if mode != "sse":
            self.channel = _ChannelGate(channels, channels // reduction)
        if mode != "cse":
            self.spatial = _SpatialGate(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by channel, by position, or by both and combined."""
        y: torch.Tensor
        if self.mode == "cse":
            y = self.channel(x)
        elif self.mode == "sse":
            y = self.spatial(x)
        elif self.combine == "add":
            y = self.channel(x) + self.spatial(x)
        else:
            y = torch.maximum(self.channel(x), self.spatial(x))
        return y

"""Reweights each channel by a gate that two small linear layers compute from the global averages.

    s = mean over H, W of x                     (C)
    g = sigmoid(W2 relu(W1 s))                  W1: C//r x C, W2: C x C//r
    y = g * x

Squeeze-and-Excitation Networks. Jie Hu et al., CVPR 2018, arXiv:1709.01507.
Official code: hujie-frank/SENet (Caffe).
"""

import torch
from torch import nn

ENTRY = {
    "class": "SE",
    "name": "Squeeze-and-Excitation",
    "paper": {
        "title": "Squeeze-and-Excitation Networks",
        "author": "Jie Hu",
        "venue": "CVPR",
        "year": 2018,
        "arxiv": "1709.01507",
    },
    "code": "hujie-frank/SENet",
    "family": "channel",
    "place": "after",
    "aliases": ["squeeze-and-excitation", "squeeze", "senet"],
    "where": {"hidden": "C // reduction"},
    "params": "2*C*hidden + (hidden + C if bias else 0)",
    "macs": "2*C*hidden",
    "limits": [["C >= reduction", "channels must be at least the reduction = {reduction}"]],
    "variants": {"r8": {"reduction": 8}, "caffe": {"bias": True}},
    "deviations": [
        "The author's Caffe network uses 1x1 convolutions with biases (variant caffe); most PyTorch copies, and the"
        " default here, have none.",
        "timm rounds the hidden width to a multiple of 8 and has biases: its counts are not comparable.",
    ],
}


class SE(nn.Module):
    """Squeeze-and-Excitation: (N, C, H, W) to the same shape.

    channels: C. reduction: hidden width is C // reduction. bias: biases in both linear layers.
    """

    def __init__(self, channels: int, *, reduction: int = 16, bias: bool = False) -> None:
        super().__init__()
        hidden = channels // reduction
        self.squeeze = nn.Linear(channels, hidden, bias=bias)
        self.excite = nn.Linear(hidden, channels, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per channel."""
        gate: torch.Tensor = self.excite(self.squeeze(x.mean(dim=(2, 3))).relu()).sigmoid()
        return x * gate[:, :, None, None]

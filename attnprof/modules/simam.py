"""Reweights each element by how far it lies from its channel's mean, without any parameters.

    d = (x - mean over H, W of x)^2
    v = sum over H, W of d / (H*W - 1)          (C)
    y = sigmoid(d / (4 * (v + e_lambda)) + 0.5) * x

SimAM: A Simple, Parameter-Free Attention Module for Convolutional Neural Networks. Lingxiao Yang et al., ICML 2021,
https://proceedings.mlr.press/v139/yang21o.html.
Official code: ZjjConan/SimAM.
"""

import torch
from torch import nn

ENTRY = {
    "class": "SimAM",
    "name": "SimAM",
    "paper": {
        "title": "SimAM: A Simple, Parameter-Free Attention Module for Convolutional Neural Networks",
        "author": "Lingxiao Yang",
        "venue": "ICML",
        "year": 2021,
        "url": "https://proceedings.mlr.press/v139/yang21o.html",
    },
    "code": "ZjjConan/SimAM",
    "family": "channel+spatial",
    "place": "after",
    "aliases": ["sim-am", "simple-parameter-free-attention", "parameter-free-attention"],
    "params": "0",
    "macs": "0",
    "limits": [
        [
            "e_lambda > 0",
            "e_lambda must be positive, not {e_lambda}: it keeps a constant channel from dividing by 0",
        ],
        ["N > 1", "the map must have more than one position: the variance divides by height x width - 1"],
    ],
    "deviations": [
        "The variance is the unbiased one, divided by H*W - 1.",
        "A 1x1 map gives NaN in the official code; here it is refused.",
        "0 MACs do not mean free: its work is element-wise and in reductions, which FLOPs count and MACs do not.",
    ],
    "inside": {"resnet": {"place": "after_conv2"}, "mobilenetv2": {"place": "after_conv"}},
}


class SimAM(nn.Module):
    """SimAM: (N, C, H, W) to the same shape. channels: C, unused. e_lambda: added to the variance."""

    def __init__(self, channels: int, *, e_lambda: float = 1e-4) -> None:
        super().__init__()
        self.e_lambda = e_lambda

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per element."""
        distance = (x - x.mean(dim=(2, 3), keepdim=True)).square()
        variance = distance.sum(dim=(2, 3), keepdim=True) / (x.shape[2] * x.shape[3] - 1)
        return x * (distance / (4 * (variance + self.e_lambda)) + 0.5).sigmoid()

"""Rebuilds every position from a few bases that expectation-maximisation fits to the map itself.

    f = conv1x1(x)                              (C, H*W), with bias
    mu: K bases of C channels, the same for every image at the start; three times, without gradient:
        Z  = softmax over the K bases of f^T mu                 (H*W, K)
        mu = f (Z / (1e-6 + sum over the positions of Z)),  then mu / (1e-6 + length of each basis)
    y = relu(x + BN(conv1x1(relu(mu Z^T))))     no bias in this convolution

Expectation-Maximization Attention Networks for Semantic Segmentation. Xia Li et al.,
ICCV 2019, arXiv:1907.13426.
Official code: XiaLiPKU/EMANet.
"""

import torch
from torch import nn

ENTRY = {
    "class": "EMAU",
    "name": "Expectation-maximization attention unit",
    "paper": {
        "title": "Expectation-Maximization Attention Networks for Semantic Segmentation",
        "author": "Xia Li",
        "venue": "ICCV",
        "year": 2019,
        "arxiv": "1907.13426",
    },
    "code": "XiaLiPKU/EMANet",
    "family": "self-attention",
    "place": "after",
    "aliases": ["emanet", "ema-unit", "em-attention", "expectation-maximization-attention"],
    "params": "2*C*C + 3*C",
    "macs": "N*(2*C*C + (2*iterations + 1)*bases*C)",
    "limits": [
        ["bases > 0", "bases must be positive, not {bases}"],
        ["iterations > 0", "iterations must be positive, not {iterations}"],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "deviations": [
        "The iterations and what they return carry no gradient, as in the official code, so the first convolution"
        " cannot learn; here its parameters are frozen, and counted as such.",
        "The official code returns the fitted bases too, and its training script averages them into the buffer with"
        " momentum 0.9; here the features alone are returned and the buffer keeps its initial bases.",
        "The bases are a buffer of K*C values, not parameters.",
        "The first bases are random, so two modules built from different seeds differ by more than their weights.",
    ],
}


class EMAU(nn.Module):
    """Expectation-maximization attention unit: (N, C, H, W) to the same shape.

    channels: C. bases: K. iterations: of expectation-maximisation, in training and evaluation alike.
    """

    bases: torch.Tensor

    def __init__(self, channels: int, *, bases: int = 64, iterations: int = 3) -> None:
        super().__init__()
        self.iterations = iterations
        self.embed = nn.Conv2d(channels, channels, 1).requires_grad_(False)
        self.project = nn.Conv2d(channels, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.register_buffer("bases", _normalised(torch.randn(1, channels, bases) * (2 / bases) ** 0.5))
        for conv in (self.embed, self.project):
            nn.init.normal_(conv.weight, std=(2 / channels) ** 0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add to x (N, C, H, W) its reconstruction."""
        with torch.no_grad():
            features = self.embed(x).flatten(2)
            bases, belongs = self.bases.expand(x.shape[0], -1, -1), features
            for _ in range(self.iterations):
                belongs = (features.transpose(1, 2) @ bases).softmax(dim=2)
                bases = _normalised(features @ (belongs / (1e-6 + belongs.sum(dim=1, keepdim=True))))
            rebuilt = (bases @ belongs.transpose(1, 2)).relu()
        y: torch.Tensor = (x + self.norm(self.project(rebuilt.unflatten(2, x.shape[2:])))).relu()
        return y


def _normalised(bases: torch.Tensor) -> torch.Tensor:
    # (N, C, K), each of the K columns to length 1.
    length: torch.Tensor = torch.linalg.vector_norm(bases, dim=1, keepdim=True)
    return bases / (1e-6 + length)

"""Gates a map by another one, with a weight for each position, and convolves what is left.

    a = sigmoid(W_a relu(W_x x + W_y y + b_y) + b_a)            h = max(C//2, 1) channels between, 1x1 convolutions
    z = BN(W_z (a x) + b_z)                     W_z: C x C
    norms: a = sigmoid(BN(W_a relu(BN(W_x x + b_x) + BN(W_y y + b_y)) + b_a)),  z = a x

Attention U-Net: Learning Where to Look for the Pancreas. Ozan Oktay et al., MIDL 2018, arXiv:1804.03999.
Official code: ozan-oktay/Attention-Gated-Networks.
"""

from collections import OrderedDict

import torch
from torch import nn

ENTRY = {
    "class": "AttentionGate",
    "name": "Attention gate of Attention U-Net",
    "paper": {
        "title": "Attention U-Net: Learning Where to Look for the Pancreas",
        "author": "Ozan Oktay",
        "venue": "MIDL",
        "year": 2018,
        "arxiv": "1804.03999",
    },
    "code": "ozan-oktay/Attention-Gated-Networks",
    "family": "fusion",
    "place": "fuse",
    "aliases": [
        "attention-gate",
        "attention-unet",
        "attention-u-net",
        "attunet",
        "gated-skip",
    ],
    "where": {"hidden": "max(C // 2, 1)"},
    "params": "2*C*hidden + (7*hidden + 3 if norms else 2*hidden + 1 + C*C + 3*C)",
    "macs": "N*(2*C*hidden + hidden + (0 if norms else C*C))",
    "limits": [
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "variants": {"norms": {"norms": True}},
    "deviations": [
        "x is the skip, which goes on, and y the map that gates it. Both have one size here, and nothing is resampled: the"
        " official class with a sub_sample_factor of 1 (its default is 2).",
        "In the official U-Net y is the coarser map: the gate is computed at half the size of x, and upsampled.",
        "The convolution and norm behind the gate are the official code's, not the paper's formula's.",
        "Most copies norm each projection and convolve no more (LeeJunHyun/Image_Segmentation): variant norms, the counts of"
        " lgag with a kernel of 1.",
    ],
}


class AttentionGate(nn.Module):
    """Additive attention gate: two maps (N, C, H, W) to one of the same shape.

    channels: C. norms: norms behind the projections, and no convolution behind the gate.
    """

    def __init__(self, channels: int, *, norms: bool = False) -> None:
        super().__init__()
        hidden = max(channels // 2, 1)
        self.of_map = _conv(channels, hidden, norms, bias=norms)
        self.of_gate = _conv(channels, hidden, norms)
        self.score = _conv(hidden, 1, norms)
        self.project = None if norms else _conv(channels, channels, norm=True)
        if not norms:
            self.apply(_reset)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Gate x by y, both (N, C, H, W)."""
        score: torch.Tensor = self.score((self.of_map(x) + self.of_gate(y)).relu())
        gated = x * score.sigmoid()
        z: torch.Tensor = gated if self.project is None else self.project(gated)
        return z


def _conv(inputs: int, outputs: int, norm: bool, *, bias: bool = True) -> nn.Sequential:
    layers = OrderedDict[str, nn.Module](conv=nn.Conv2d(inputs, outputs, 1, bias=bias))
    if norm:
        layers["norm"] = nn.BatchNorm2d(outputs)
    return nn.Sequential(layers)


def _reset(layer: nn.Module) -> None:
    # As the official code does; biases are torch's.
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)

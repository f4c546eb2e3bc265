"""Gates a map by another one: grouped convolutions of both give a weight for each position.

    f(z) = BN(conv k x k (z))                   C to h = C//2 channels in h groups, with bias; k = 1: in one group
    a = sigmoid(BN(conv1x1(relu(f(x) + f'(y)))))                (1, H, W), with bias
    z = a x

EMCAD: Efficient Multi-scale Convolutional Attention Decoding for Medical Image Segmentation. Md Mostafijur Rahman et al.,
CVPR 2024, arXiv:2405.06880.
Official code: SLDGroup/EMCAD.
"""

from collections import OrderedDict

import torch
from torch import nn

ENTRY = {
    "class": "LGAG",
    "name": "LGAG: large-kernel grouped attention gate",
    "paper": {
        "title": "EMCAD: Efficient Multi-scale Convolutional Attention Decoding for Medical Image Segmentation",
        "author": "Md Mostafijur Rahman",
        "venue": "CVPR",
        "year": 2024,
        "arxiv": "2405.06880",
    },
    "code": "SLDGroup/EMCAD",
    "family": "fusion",
    "place": "fuse",
    "aliases": ["large-kernel-grouped-attention-gate"],
    "where": {"hidden": "C // 2", "each": "(C if kernel_size == 1 else C // hidden)*kernel_size**2"},
    "params": "2*hidden*(each + 3) + hidden + 3",
    "macs": "N*(2*hidden*each + hidden)",
    "limits": [
        ["kernel_size % 2 == 1", "the kernel's size must be odd, not {kernel_size}"],
        ["C > 1 and C % 2 == 0", "channels must be even: half of them are groups"],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "variants": {"k1": {"kernel_size": 1}},
    "deviations": [
        "x is the skip, which goes on, and y the decoder's map, which gates it; the official forward takes them as (g, x).",
        "The width between is half of the channels, as in the decoder that was published.",
        "With a kernel of 1 it is the gate of Attention U-Net as most copies have it (variant k1; see attention_gate).",
        "The decoder adds its result to the gating map; that sum is the network's.",
    ],
}


class LGAG(nn.Module):
    """Large-kernel grouped attention gate: two maps (N, C, H, W) to one of the same shape.

    channels: C, even. kernel_size: k, odd; with 1 the convolutions have one group.
    """

    def __init__(self, channels: int, *, kernel_size: int = 3) -> None:
        super().__init__()
        hidden = channels // 2
        self.of_map = _conv(channels, hidden, kernel_size)
        self.of_gate = _conv(channels, hidden, kernel_size)
        self.score = _conv(hidden, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type] # each has one

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Gate x by y, both (N, C, H, W)."""
        score: torch.Tensor = self.score((self.of_map(x) + self.of_gate(y)).relu())
        return x * score.sigmoid()


def _conv(inputs: int, outputs: int, kernel: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=1 if kernel == 1 else outputs)
    return nn.Sequential(OrderedDict(conv=conv, norm=nn.BatchNorm2d(outputs)))

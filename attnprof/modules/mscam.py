"""Gates channels and then positions, as in CBAM, and convolves what is left at three scales.

    c = sigmoid(f(mean over H, W of x) + f(max over H, W of x)),  f(s) = W2 relu(W1 s)      W1: C//r x C, W2: C x C//r
    u = x * c;   u = u * sigmoid(conv7x7([mean over C of u, max over C of u]))              no bias in the gates
    w = relu6(BN(conv1x1(u)))                   C*expansion channels; no bias in what follows
    s = sum over k = 1, 3, 5 of relu6(BN(depthwise conv k x k (w)))
    y = u + BN(conv1x1(shuffle(s)))             shuffle: channel i*expansion + j goes to j*C + i, i < C, j < expansion
    gates: y = u

EMCAD: Efficient Multi-scale Convolutional Attention Decoding for Medical Image Segmentation. Md Mostafijur Rahman et al.,
CVPR 2024, arXiv:2405.06880.
Official code: SLDGroup/EMCAD.
"""

from collections import OrderedDict

import torch
from torch import nn

ENTRY = {
    "class": "MSCAM",
    "name": "MSCAM: multi-scale convolutional attention",
    "paper": {
        "title": "EMCAD: Efficient Multi-scale Convolutional Attention Decoding for Medical Image Segmentation",
        "author": "Md Mostafijur Rahman",
        "venue": "CVPR",
        "year": 2024,
        "arxiv": "2405.06880",
    },
    "code": "SLDGroup/EMCAD",
    "family": "channel+spatial",
    "place": "after",
    "aliases": ["emcad", "cab-sab", "multi-scale-convolutional-attention-module"],
    "related": ["cab", "sab", "mscb"],
    "where": {"hidden": "C // min(C, reduction)", "wide": "C*expansion"},
    "params": "2*C*hidden + 98 + (0 if gates else 2*C*wide + 43*wide + 2*C)",
    "macs": "4*C*hidden + 98*N + (0 if gates else N*(2*C*wide + 35*wide))",
    "limits": [
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["expansion > 0", "expansion must be positive, not {expansion}"],
        ["gates or not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "variants": {"gates": {"gates": True}, "e6": {"expansion": 6}},
    "deviations": [
        "The expansion is 2, as in the published networks; the decoder's class has 6 (variant e6).",
        "CAB and SAB, its two gates, are together the variant gates; alone they are CBAM's halves without BatchNorm (see cbam).",
        "A decoder shares one SAB between its four stages; here it has its own.",
        "The decoder's gate of two maps is lgag; its up-convolution is left out.",
    ],
}


class MSCAM(nn.Module):
    """Multi-scale convolutional attention of EMCAD: (N, C, H, W) to the same shape.

    channels: C. reduction: r, at most C. expansion: width of the convolutions over C. gates: without them.
    """

    def __init__(
        self, channels: int, *, reduction: int = 16, expansion: int = 2, gates: bool = False
    ) -> None:
        super().__init__()
        hidden = channels // min(channels, reduction)
        self.squeeze = nn.Conv2d(channels, hidden, 1, bias=False)
        self.excite = nn.Conv2d(hidden, channels, 1, bias=False)
        self.place = nn.Conv2d(2, 1, 7, padding=3, bias=False)
        self.scales = None if gates else _Scales(channels, channels * expansion)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by channel and position, and convolve it."""
        mean, most = x.mean(dim=(2, 3), keepdim=True), x.amax(dim=(2, 3), keepdim=True)
        gated = x * (self._score(mean) + self._score(most)).sigmoid()
        extremes = torch.cat((gated.mean(dim=1, keepdim=True), gated.amax(dim=1, keepdim=True)), dim=1)
        gated = gated * self.place(extremes).sigmoid()
        y: torch.Tensor = gated if self.scales is None else gated + self.scales(gated)
        return y

    def _score(self, pooled: torch.Tensor) -> torch.Tensor:
        # (N, C, 1, 1) to the same shape.
        score: torch.Tensor = self.excite(self.squeeze(pooled).relu())
        return score


class _Scales(nn.Module):
    # An inverted bottleneck with three depthwise convolutions: (N, C, H, W) to the same shape.
    def __init__(self, channels: int, wide: int) -> None:
        super().__init__()
        self.channels = channels
        self.widen = _conv(channels, wide, act=nn.ReLU6())
        self.depthwise = nn.ModuleList(
            _conv(wide, wide, kernel, groups=wide, act=nn.ReLU6()) for kernel in (1, 3, 5)
        )
        self.narrow = _conv(wide, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        widened = self.widen(x)
        first, second, third = (conv(widened) for conv in self.depthwise)
        shuffled = (first + second + third).unflatten(1, (self.channels, -1)).transpose(1, 2).flatten(1, 2)
        y: torch.Tensor = self.narrow(shuffled)
        return y


def _conv(
    inputs: int, outputs: int, kernel: int = 1, *, groups: int = 1, act: nn.Module | None = None
) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
    layers: OrderedDict[str, nn.Module] = OrderedDict(conv=conv, norm=nn.BatchNorm2d(outputs))
    if act is not None:
        layers["act"] = act
    return nn.Sequential(layers)

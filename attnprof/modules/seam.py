"""Gates channels by the mean of a small convolutional network, with gates from 1 to e that only strengthen.

    u = x
    depth times: v = u + BN(gelu(depthwise conv 3x3 (u))),  u = BN(gelu(conv1x1(v)))    with bias
    s = mean over H, W of u                     (C)
    y = x * exp(sigmoid(W2 relu(W1 s)))         W1: C//r x C, W2: C x C//r, no bias

multi: three such networks with silu in place of gelu, each with u = BN(silu(conv p x p, stride p (x))) at first, p = 3, 5, 7,
with bias, of weights of its own; s is the mean of their three means and of the mean of x.

YOLO-FaceV2: A Scale and Occlusion Aware Face Detector. Ziping Yu et al., Pattern Recognition 2024, arXiv:2208.02019.
Official code: Krasjet-Yu/YOLO-FaceV2.
"""

from collections import OrderedDict

import torch
from torch import nn

ENTRY = {
    "class": "SEAM",
    "name": "SEAM: separated and enhancement attention",
    "paper": {
        "title": "YOLO-FaceV2: A Scale and Occlusion Aware Face Detector",
        "author": "Ziping Yu",
        "venue": "Pattern Recognition",
        "year": 2024,
        "arxiv": "2208.02019",
    },
    "code": "Krasjet-Yu/YOLO-FaceV2",
    "family": "channel",
    "place": "after",
    "aliases": ["separated-and-enhancement-attention", "yolo-facev2"],
    "related": ["multiseam", "multi-seam"],
    "where": {
        "hidden": "C // reduction",
        "layer": "depth*C*(C + 9)",
        "positions": "(H // 3)*(W // 3) + (H // 5)*(W // 5) + (H // 7)*(W // 7)",
        "patches": "C*C*(9*(H // 3)*(W // 3) + 25*(H // 5)*(W // 5) + 49*(H // 7)*(W // 7))",
    },
    "params": ("2*C*hidden + (3*(layer + 6*depth*C) + 83*C*C + 9*C if multi else layer + 6*depth*C)"),
    "macs": "2*C*hidden + (positions*layer + patches if multi else N*layer)",
    "limits": [
        ["depth > 0", "depth must be positive, not {depth}"],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["C >= reduction", "channels must be at least the reduction = {reduction}"],
        ["not multi or min(H, W) >= 7", "height and width must be at least 7, the largest patch"],
        [
            "not train or batch*((H // 7)*(W // 7) if multi else N) > 1",
            "training needs more than one value per channel for BatchNorm",
        ],
    ],
    "variants": {"multi": {"multi": True}},
    "deviations": [
        "Variant multi is the official class MultiSEAM with its own patches; collections have 6, 7 and 8, too.",
        "The gate is an exponential of a sigmoid: never below 1, at most e.",
        "The official class has no default depth; 1 is the usual one.",
        "Pixels beyond the last whole patch have no part in the gate of the variant multi, but for the mean of x.",
    ],
}


class SEAM(nn.Module):
    """Separated and enhancement attention: (N, C, H, W) to the same shape.

    channels: C. depth: layers of the network. reduction: r. multi: three networks over patches of 3, 5 and 7.
    """

    def __init__(self, channels: int, *, depth: int = 1, reduction: int = 16, multi: bool = False) -> None:
        super().__init__()
        hidden = channels // reduction
        self.networks = nn.ModuleList(
            _network(channels, depth, patch) for patch in ((3, 5, 7) if multi else (None,))
        )
        self.squeeze = nn.Linear(channels, hidden, bias=False)
        self.excite = nn.Linear(hidden, channels, bias=False)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d) and not multi:
                nn.init.xavier_uniform_(layer.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate the channels of x (N, C, H, W)."""
        summaries = [network(x).mean(dim=(2, 3)) for network in self.networks]
        if len(summaries) > 1:
            summaries.append(x.mean(dim=(2, 3)))
        summary = torch.stack(summaries).mean(dim=0) if len(summaries) > 1 else summaries[0]
        gate: torch.Tensor = self.excite(self.squeeze(summary).relu()).sigmoid().exp()
        return x * gate[..., None, None]


class _Layer(nn.Module):
    # (N, C, H, W) to the same shape.
    def __init__(self, channels: int, act: type[nn.Module]) -> None:
        super().__init__()
        self.depthwise = _conv(channels, 3, act, padding=1, groups=channels)
        self.pointwise = _conv(channels, 1, act)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = self.pointwise(x + self.depthwise(x))
        return y


def _network(channels: int, depth: int, patch: int | None) -> nn.Sequential:
    act = nn.GELU if patch is None else nn.SiLU
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    if patch is not None:
        layers["patches"] = _conv(channels, patch, act, stride=patch)
    for number in range(depth):
        layers[f"layer{number}"] = _Layer(channels, act)
    return nn.Sequential(layers)


def _conv(
    channels: int, kernel: int, act: type[nn.Module], *, stride: int = 1, padding: int = 0, groups: int = 1
) -> nn.Sequential:
    conv = nn.Conv2d(channels, channels, kernel, stride=stride, padding=padding, groups=groups)
    return nn.Sequential(OrderedDict(conv=conv, act=act(), norm=nn.BatchNorm2d(channels)))

"""Lets every position see its whole row and its whole column, through averages over strips.

    mode "spm", a gate:
        t = BN(conv3x1(mean over W of x)) + BN(conv1x3(mean over H of x))   (C, H, 1) + (C, 1, W), no bias
        y = x * sigmoid(conv1x1(relu(t)))                                   C x C, with bias

    mode "mpm", a residual:
        cb_k = BN(conv of kernel k), no bias; i = C//r; up: bilinear to H x W with aligned corners
        a, b = relu(cb_1x1(x)), relu(cb_1x1(x))                             (i, H, W) each
        s = cb_3x3(a) + up(cb_3x3(average of a on 20x20)) + up(cb_3x3(average of a on 12x12))
        t = up(cb_1x3(mean over H of b)) + up(cb_3x1(mean over W of b))
        y = relu(x + cb_1x1([relu(cb_3x3(relu(s))), relu(cb_3x3(relu(t)))]))

Strip Pooling: Rethinking Spatial Pooling for Scene Parsing. Qibin Hou et al., CVPR 2020, arXiv:2003.13328.
Official code: Andrew-Qibin/SPNet.
"""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "StripPooling",
    "name": "Strip pooling",
    "paper": {
        "title": "Strip Pooling: Rethinking Spatial Pooling for Scene Parsing",
        "author": "Qibin Hou",
        "venue": "CVPR",
        "year": 2020,
        "arxiv": "2003.13328",
    },
    "code": "Andrew-Qibin/SPNet",
    "family": "spatial",
    "place": "after",
    "aliases": ["strip-pooling", "strippooling", "spm", "spnet", "strip-pooling-module"],
    "related": ["mpm"],
    "where": {"gate": "mode == 'spm'", "inner": "C // reduction"},
    "params": "7*C*C + 5*C if gate else 4*C*inner + 51*inner*inner + 18*inner + 2*C",
    "macs": (
        "C*C*(N + 3*(H + W)) if gate else N*(4*C*inner + 27*inner*inner)"
        " + inner*inner*(9*(fine_pool**2 + coarse_pool**2) + 3*(H + W))"
    ),
    "limits": [
        ["mode in ('spm', 'mpm')", "mode must be 'spm' or 'mpm', not {mode}"],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["gate or C >= reduction", "channels must be at least the reduction = {reduction}"],
        ["fine_pool > 0 and coarse_pool > 0", "fine_pool and coarse_pool must be positive"],
        [
            "not train or batch*min(H, W) > 1",
            "training needs more than one value per channel and strip for BatchNorm",
        ],
        [
            "not train or gate or batch*min(fine_pool, coarse_pool) > 1",
            "training needs more than one value per channel for BatchNorm: a pool of 1 needs a batch of 2",
        ],
    ],
    "variants": {"mpm": {"mode": "mpm"}},
    "deviations": [
        "The official SPBlock (spm) returns the gate alone; its bottleneck multiplies, and so does this.",
        "The convolutions along the strips are dense, C x C x 3, not depth-wise.",
        "The mixed pooling module (mpm) has no gate: it adds, and its output is never negative.",
        "In mpm the maps of 20x20 and 12x12 cost the same at every size, and are upsampled from a smaller map.",
    ],
}


class StripPooling(nn.Module):
    """Strip pooling: (N, C, H, W) to the same shape.

    channels: C. mode: "spm", the gate of strips, or "mpm", the mixed pooling module. In "mpm", reduction: inner width
    is C // reduction; fine_pool, coarse_pool: sides of the two pooled maps.
    """

    def __init__(
        self,
        channels: int,
        *,
        mode: str = "spm",
        reduction: int = 4,
        fine_pool: int = 20,
        coarse_pool: int = 12,
    ) -> None:
        super().__init__()
        inner = channels // reduction
        self.pools = fine_pool, coarse_pool
        self.layers = nn.ModuleDict()
        if mode == "spm":
            self.layers["rows"] = _normed(channels, channels, 3, 1)
            self.layers["columns"] = _normed(channels, channels, 1, 3)
            self.layers["gate"] = nn.Conv2d(channels, channels, 1)
            return
        kernels = {"full": (3, 3), "fine": (3, 3), "coarse": (3, 3), "rows": (3, 1), "columns": (1, 3)}
        kernels |= {"pyramid": (3, 3), "strips": (3, 3)}
        self.layers["reduce_pyramid"] = _normed(channels, inner, 1, 1)
        self.layers["reduce_strips"] = _normed(channels, inner, 1, 1)
        for name, kernel in kernels.items():
            self.layers[name] = _normed(inner, inner, *kernel)
        self.layers["merge"] = _normed(2 * inner, channels, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W), or add to it, by what its strips say."""
        layer = self.layers
        if "gate" in layer:
            strips = layer["rows"](x.mean(dim=3, keepdim=True)) + layer["columns"](
                x.mean(dim=2, keepdim=True)
            )
            gate: torch.Tensor = layer["gate"](strips.relu()).sigmoid()
            return x * gate

        def up(small: torch.Tensor) -> torch.Tensor:
            return F.interpolate(small, x.shape[2:], mode="bilinear", align_corners=True)

        a, b = layer["reduce_pyramid"](x).relu(), layer["reduce_strips"](x).relu()
        fine, coarse = (F.adaptive_avg_pool2d(a, side) for side in self.pools)
        pyramid = layer["full"](a) + up(layer["fine"](fine)) + up(layer["coarse"](coarse))
        by_row, by_column = b.mean(dim=3, keepdim=True), b.mean(dim=2, keepdim=True)
        strips = up(layer["columns"](by_column)) + up(layer["rows"](by_row))
        both = [layer["pyramid"](pyramid.relu()).relu(), layer["strips"](strips.relu()).relu()]
        y: torch.Tensor = (x + layer["merge"](torch.cat(both, dim=1))).relu()
        return y


def _normed(inputs: int, outputs: int, height: int, width: int) -> nn.Sequential:
    padding = height // 2, width // 2
    conv = nn.Conv2d(inputs, outputs, (height, width), padding=padding, bias=False)
    return nn.Sequential(OrderedDict(conv=conv, norm=nn.BatchNorm2d(outputs)))

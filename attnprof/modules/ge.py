"""Gathers each channel over the whole map or a neighbourhood, and gates it by what was gathered.

    theta-plus:  s = conv1x1(relu(conv1x1(relu(BN(gather(x))))))       C -> C//r -> C, with bias
    theta:       s = BN(gather(x))
    theta-minus: s = average of x: over the map, or windows of 2e-1, stride e, padding e-1 left out of the mean
    y = x * sigmoid(s resized to H x W by nearest neighbour)

    gather, extent 0 (global): depthwise H x W convolution without padding or bias, to 1 x 1
    gather, extent e: log2(e) depthwise 3x3 convolutions, stride 2, padding 1, no bias, relu(BN) between them
    timm: the global gather is padded by (H-1)//2, (W-1)//2, so it gives a map; no ReLU behind its last BN

Gather-Excite: Exploiting Feature Context in Convolutional Neural Networks.
Jie Hu et al., NeurIPS 2018, arXiv:1810.12348.
Official code: hujie-frank/GENet (Caffe).
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

ENTRY = {
    "class": "GatherExcite",
    "name": "Gather-Excite",
    "paper": {
        "title": "Gather-Excite: Exploiting Feature Context in Convolutional Neural Networks",
        "author": "Jie Hu",
        "venue": "NeurIPS",
        "year": 2018,
        "arxiv": "1810.12348",
    },
    "code": "hujie-frank/GENet",
    "family": "channel",
    "place": "after",
    "aliases": ["gather-excite", "gatherexcite", "genet"],
    "related": ["ge-theta", "ge-theta-plus"],
    "sized": "learned and extent == 0",
    "where": {
        "learned": "mode != 'theta-minus'",
        "hidden": "C//reduction if mode == 'theta-plus' else 0",
        # Positions of the gathered map, and of all maps on the way to it.
        "gathered": (
            "-(-H//extent) * -(-W//extent) if extent else (2*((H - 1)//2) + 1)*(2*((W - 1)//2) + 1) if timm else 1"
        ),
        "strided": (
            "-(-H//2) * -(-W//2) + (-(-H//4) * -(-W//4) if extent > 2 else 0)"
            " + (-(-H//8) * -(-W//8) if extent > 4 else 0)"
        ),
    },
    "params": (
        "((11*C*int(log2(extent)) if extent else C*N + 2*C) if learned else 0)"
        " + (2*C*hidden + hidden + C if mode == 'theta-plus' else 0)"
    ),
    "macs": "((9*C*strided if extent else C*N*gathered) if learned else 0) + 2*C*hidden*gathered",
    "limits": [
        [
            "mode in ('theta-minus', 'theta', 'theta-plus')",
            "mode must be 'theta-minus', 'theta' or 'theta-plus', not {mode}",
        ],
        ["extent in (0, 2, 4, 8)", "extent must be 0 (the whole map), 2, 4 or 8, not {extent}"],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["mode != 'theta-plus' or C >= reduction", "channels must be at least the reduction = {reduction}"],
        [
            "not train or not learned or batch*gathered > 1",
            "training needs more than one gathered position in the batch: BatchNorm has {batch*gathered} per channel",
        ],
    ],
    "variants": {
        "theta": {"mode": "theta"},
        "theta-minus": {"mode": "theta-minus"},
        "timm-theta-minus": {"mode": "theta-minus", "timm": True},
        "timm-theta-minus-e2": {"mode": "theta-minus", "extent": 2, "timm": True},
        "timm-theta-minus-e4": {"mode": "theta-minus", "extent": 4, "timm": True},
        "timm-theta-minus-e8": {"mode": "theta-minus", "extent": 8, "timm": True},
        "timm-theta": {"mode": "theta", "timm": True},
        "timm-theta-e2": {"mode": "theta", "extent": 2, "timm": True},
        "timm-theta-e4": {"mode": "theta", "extent": 4, "timm": True},
        "timm-theta-e8": {"mode": "theta", "extent": 8, "timm": True},
        "timm-theta-plus": {"timm": True},
        "timm-theta-plus-e8": {"extent": 8, "timm": True},
    },
    "deviations": [
        "The author published networks of the global extent only; the extents 2, 4 and 8 follow timm and the paper.",
        "timm pads the global convolution, so it gathers a map, not one value: same parameters, many times the MACs.",
        "The author has a ReLU between the gather's BatchNorm and the bottleneck of theta-plus; timm has none.",
        "Without parameters (theta-minus), and in theta below the global extent, timm computes what the author does.",
        "timm rounds the hidden width to the nearest whole number; here it is C // reduction.",
    ],
}


def _stage(conv: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(OrderedDict(conv=conv, norm=nn.BatchNorm2d(conv.out_channels)))


class GatherExcite(nn.Module):
    """Gather-Excite: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map, needed by a learned global gather. mode: "theta-minus" (averages),
    "theta" (convolutions) or "theta-plus" (and a bottleneck). extent: 0 for the whole map, or 2, 4, 8.
    reduction: hidden width of the bottleneck is C // reduction. timm: gather and bottleneck as in timm.
    """

    def __init__(
        self,
        channels: int,
        *,
        height: int | None = None,
        width: int | None = None,
        mode: str = "theta-plus",
        extent: int = 0,
        reduction: int = 16,
        timm: bool = False,
    ) -> None:
        super().__init__()
        self.extent = extent
        self.size: tuple[int, int] | None = None
        self.gather = nn.ModuleList()
        if mode != "theta-minus" and extent:
            for _ in range(extent.bit_length() - 1):
                conv = nn.Conv2d(channels, channels, 3, stride=2, padding=1, groups=channels, bias=False)
                self.gather.append(_stage(conv))
        elif mode != "theta-minus":
            if height is None or width is None:
                raise ValueError("a learned global gather is built for one map size: give height and width")
            self.size = height, width
            padding = ((height - 1) // 2, (width - 1) // 2) if timm else 0
            conv = nn.Conv2d(channels, channels, self.size, padding=padding, groups=channels, bias=False)
            self.gather.append(_stage(conv))
        self.excite: nn.Sequential | None = None
        if mode == "theta-plus":
            hidden = channels // reduction
            first = [] if timm else [("relu_in", nn.ReLU())]
            reduce, expand = (
                ("reduce", nn.Conv2d(channels, hidden, 1)),
                ("expand", nn.Conv2d(hidden, channels, 1)),
            )
            self.excite = nn.Sequential(OrderedDict([*first, reduce, ("relu", nn.ReLU()), expand]))
        if not timm:
            self._reset_parameters()

    def _reset_parameters(self) -> None:
        # The authors' fillers; timm leaves it to torch.
        for layer in self.gather.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        for layer in self.excite or ():
            if isinstance(layer, nn.Conv2d) and layer.bias is not None:
                nn.init.normal_(layer.weight, std=0.01)
                nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by what was gathered around each position, or over the whole map."""
        score = self._gathered(x)
        if self.excite is not None:
            score = self.excite(score)
        if score.shape[2:] != (1, 1):
            score = F.interpolate(score, size=x.shape[2:])
        return x * score.sigmoid()

    def _gathered(self, x: torch.Tensor) -> torch.Tensor:
        if self.size is not None and x.shape[2:] != self.size:
            raise ValueError(
                f"built for maps of {self.size[0]}x{self.size[1]}, not {x.shape[2]}x{x.shape[3]}"
            )
        if self.gather:
            for i, stage in enumerate(self.gather):
                x = stage(x.relu() if i else x)
            return x
        if not self.extent:
            return x.mean(dim=(2, 3), keepdim=True)
        window, padding = 2 * self.extent - 1, self.extent - 1
        return F.avg_pool2d(x, window, stride=self.extent, padding=padding, count_include_pad=False)

"""Blends branches of different receptive fields, each channel by a softmax over the branches.

    u_b = relu(BN(conv3x3(x)))                  b = 0..M-1, dilation b+1, grouped, no bias
    s = mean over H, W of the sum of u_b        (C)
    z = relu(BN(W1 s))                          (d), d = max(C//r, L)
    a = softmax over b of (W2 z as M x C)       W1: d x C, W2: MC x d, 1x1 convolutions without bias
    y = sum over b of a_b * u_b

    mode "ppplang": kernels of 2b+3 without dilation, biases everywhere, z = W1 s alone, and a W2 per branch.

Selective Kernel Networks. Xiang Li et al., CVPR 2019, arXiv:1903.06586.
Official code: implus/SKNet (Caffe).
"""

from collections import OrderedDict
from functools import reduce

import torch
from torch import nn

ENTRY = {
    "class": "SelectiveKernel",
    "name": "Selective kernel convolution",
    "paper": {
        "title": "Selective Kernel Networks",
        "author": "Xiang Li",
        "venue": "CVPR",
        "year": 2019,
        "arxiv": "1903.06586",
    },
    "code": "implus/SKNet",
    "family": "branch",
    "place": "replace",
    "aliases": ["selective-kernel", "selective-kernel-conv", "skconv", "sknet"],
    "where": {
        "port": "mode == 'ppplang'",
        "hidden": "max(C//reduction, min_width)",
        # The sum of (2b+3)**2 over the branches, where kernels grow.
        "taps": "(branches + 1)*(2*branches + 1)*(2*branches + 3)//3 - 1 if port else 9*branches",
    },
    "params": (
        "taps*C*(C//groups) + 2*branches*C + (branches + 1)*C*hidden + (2*branches*C + hidden if port else 2*hidden)"
    ),
    "macs": "N*taps*C*(C//groups) + (branches + 1)*C*hidden",
    "limits": [
        ["mode in ('caffe', 'ppplang')", "mode must be 'caffe' or 'ppplang', not {mode}"],
        ["branches > 0", "branches must be positive, not {branches}"],
        ["groups > 0", "groups must be positive, not {groups}"],
        ["C % groups == 0", "channels must be a multiple of the groups = {groups}"],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["hidden > 0", "channels must be at least the reduction = {reduction}, or min_width positive"],
        [
            "not train or port or batch > 1",
            "training needs a batch of at least 2: BatchNorm sees one value per channel and image",
        ],
        ["not train or batch*N > 1", "training needs more than one position in the batch"],
    ],
    "variants": {
        "ppplang": {"mode": "ppplang", "groups": 8, "reduction": 2},
        "ppplang-g32-r16": {"mode": "ppplang"},
        "ppplang-g1-r16": {"mode": "ppplang", "groups": 1},
    },
    "deviations": [
        "The author's Caffe network has a dilated 3x3 for its second kernel; pppLang's PyTorch port a true 5x5.",
        "pppLang's port has biases everywhere and neither BatchNorm nor ReLU behind the squeeze; its own network has"
        " 8 groups and a reduction of 2 (variant ppplang).",
        "xmu-xiaoma666's SKAttention has kernels 1, 3, 5 and 7 and no groups: another design.",
        "It takes the place of a convolution and has no skip inside; only stride 1 is offered here.",
    ],
}


class SelectiveKernel(nn.Module):
    """Selective kernel convolution: (N, C, H, W) to the same shape.

    channels: C. branches: M. groups: of the branches' convolutions. reduction, min_width: the hidden width is
    max(C // reduction, min_width). mode: "caffe", as the author's network, or "ppplang", as the popular port.
    """

    def __init__(
        self,
        channels: int,
        *,
        branches: int = 2,
        groups: int = 32,
        reduction: int = 16,
        min_width: int = 32,
        mode: str = "caffe",
    ) -> None:
        super().__init__()
        hidden, port = max(channels // reduction, min_width), mode == "ppplang"
        self.branches = nn.ModuleList()
        for i in range(branches):
            kernel, dilation = (2 * i + 3, 1) if port else (3, i + 1)
            conv = nn.Conv2d(
                channels, channels, kernel, padding=i + 1, dilation=dilation, groups=groups, bias=port
            )
            self.branches.append(
                nn.Sequential(OrderedDict(conv=conv, norm=nn.BatchNorm2d(channels), relu=nn.ReLU()))
            )
        self.squeeze = nn.Conv2d(channels, hidden, 1, bias=port)
        self.norm = None if port else nn.BatchNorm2d(hidden)
        # One layer for all branches, or one each.
        outputs = [channels] * branches if port else [branches * channels]
        self.select = nn.ModuleList(nn.Conv2d(hidden, width, 1, bias=port) for width in outputs)
        if not port:
            self._reset_parameters()

    def _reset_parameters(self) -> None:
        # The author's fillers; the port leaves it to torch.
        for layer in self.branches.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        for layer in (self.squeeze, *self.select):
            nn.init.normal_(layer.weight, std=0.01)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Convolve x (N, C, H, W) in every branch and blend what comes out."""
        maps: list[torch.Tensor] = [branch(x) for branch in self.branches]
        hidden = self.squeeze(reduce(torch.add, maps).mean(dim=(2, 3), keepdim=True))
        if self.norm is not None:
            hidden = self.norm(hidden).relu()
        scores = torch.cat([layer(hidden) for layer in self.select], dim=1)
        weights = scores.view(len(x), len(maps), -1, 1, 1).softmax(dim=1).unbind(dim=1)
        return reduce(torch.add, [weight * u for weight, u in zip(weights, maps, strict=True)])

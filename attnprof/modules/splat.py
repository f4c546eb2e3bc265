"""Splits a grouped convolution's output into branches and blends them, each channel by a softmax over the branches.

    u = relu(BN(conv3x3(x)))                    C to R*C in R*G groups, no bias; u_r: the r-th C channels
    s = mean over H, W of the sum of u_r        (C)
    z = relu(BN(W1 s))                          h = max(R*C//reduction, 32), conv1x1 with bias, G groups
    t = W2 z                                    (R*C), conv1x1 with bias, G groups
    w = softmax over r of t as (G, R, C/G)      R = 1: sigmoid(t)
    w_r = the r-th of these, (C), group after group
    y = sum over r of w_r * u_r

    R = radix, G = groups

ResNeSt: Split-Attention Networks. Hang Zhang et al., CVPR Workshops 2022, arXiv:2004.08955.
Official code: zhanghang1989/ResNeSt.
"""

from functools import reduce

import torch
from torch import nn

ENTRY = {
    "class": "SplitAttention",
    "name": "Split attention",
    "paper": {
        "title": "ResNeSt: Split-Attention Networks",
        "author": "Hang Zhang",
        "venue": "CVPR Workshops",
        "year": 2022,
        "arxiv": "2004.08955",
    },
    "code": "zhanghang1989/ResNeSt",
    "family": "branch",
    "place": "replace",
    "aliases": ["split-attention", "splitattention", "split-attn", "splitattn", "resnest"],
    "where": {
        "exact": "radix*C // reduction",
        "hidden": "max((exact + divisor//2)//divisor*divisor, min_width)",
    },
    "params": (
        "kernel_size**2*C*C//groups + 2*radix*C + C*hidden//groups + 3*hidden + radix*C*hidden//groups + radix*C"
    ),
    "macs": "N*kernel_size**2*C*C//groups + (radix + 1)*C*hidden//groups",
    "limits": [
        ["radix > 0", "radix must be positive, not {radix}"],
        ["groups > 0", "groups must be positive, not {groups}"],
        ["C % (radix*groups) == 0", "channels must be a multiple of radix x groups = {radix*groups}"],
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["divisor > 0", "divisor must be positive, not {divisor}"],
        [
            "hidden > 0",
            "radix x channels must be at least the reduction = {reduction}, or min_width positive",
        ],
        ["hidden % groups == 0", "the hidden width = {hidden} must be a multiple of the groups = {groups}"],
        [
            "not train or batch > 1",
            "training needs a batch of at least 2: BatchNorm sees one value per channel and image",
        ],
    ],
    "variants": {"timm": {"divisor": 8}},
    "deviations": [
        "It takes the place of a 3x3 convolution, so its cost includes one, to twice the channels in twice the groups.",
        "timm rounds the hidden width to a multiple of 8 (variant timm), which changes nothing for most widths.",
        "The second layer's outputs are ordered group by group, the branches within a group; the weights, branch by"
        " branch: the two agree with one group only.",
        "With a radix of 1 a sigmoid takes the softmax's place. Strides, dropblock and rectified convolutions are"
        " left out.",
    ],
}


class SplitAttention(nn.Module):
    """Split attention of ResNeSt: (N, C, H, W) to the same shape.

    channels: C. radix: R, branches. groups: G, cardinality. kernel_size: of the convolution. reduction, min_width,
    divisor: the hidden width is R*C // reduction, to the nearest multiple of divisor, but at least min_width.
    """

    def __init__(
        self,
        channels: int,
        *,
        radix: int = 2,
        groups: int = 1,
        kernel_size: int = 3,
        reduction: int = 4,
        min_width: int = 32,
        divisor: int = 1,
    ) -> None:
        super().__init__()
        self.radix, self.groups, outputs = radix, groups, radix * channels
        hidden = max((outputs // reduction + divisor // 2) // divisor * divisor, min_width)
        padding = kernel_size // 2
        self.conv = nn.Conv2d(
            channels, outputs, kernel_size, padding=padding, groups=radix * groups, bias=False
        )
        self.norm = nn.BatchNorm2d(outputs)
        self.squeeze = nn.Conv2d(channels, hidden, 1, groups=groups)
        self.squeeze_norm = nn.BatchNorm2d(hidden)
        self.select = nn.Conv2d(hidden, outputs, 1, groups=groups)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Convolve x (N, C, H, W) and blend the branches."""
        n, c = x.shape[:2]
        branches: tuple[torch.Tensor, ...] = self.norm(self.conv(x)).relu().chunk(self.radix, dim=1)
        summary = reduce(torch.add, branches).mean(dim=(2, 3), keepdim=True)
        scores: torch.Tensor = self.select(self.squeeze_norm(self.squeeze(summary)).relu())
        if self.radix == 1:
            return branches[0] * scores.sigmoid()
        # From (G, R, C/G) to R weights of C channels.
        weights = scores.view(n, self.groups, self.radix, -1).softmax(dim=2).transpose(1, 2)
        gates = weights.reshape(n, self.radix, c, 1, 1).unbind(dim=1)
        return reduce(torch.add, [gate * branch for gate, branch in zip(gates, branches, strict=True)])

"""Reweights each element by a gate per row and a gate per column, computed together from the row and column averages.

    m = max(min_hidden, C//r)
    a, b = mean over W, mean over H of x        (C, H), (C, W)
    t = act(BN(conv1x1([a, b])))                (m, H + W), act: hswish(t) = t * relu6(t + 3) / 6, or relu
    u, v = first H of t, last W of t
    y = x * sigmoid(conv1x1(v)) * sigmoid(conv1x1(u))       (C, 1, W) and (C, H, 1); with bias: all three

Coordinate Attention for Efficient Mobile Network Design. Qibin Hou et al., CVPR 2021, arXiv:2103.02907.
Official code: houqb/CoordAttention.
"""

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "CA",
    "name": "Coordinate Attention",
    "paper": {
        "title": "Coordinate Attention for Efficient Mobile Network Design",
        "author": "Qibin Hou",
        "venue": "CVPR",
        "year": 2021,
        "arxiv": "2103.02907",
    },
    "code": "houqb/CoordAttention",
    "family": "channel+spatial",
    "place": "after",
    "aliases": ["coordatt", "coord-att", "coordinate-attention", "coordattention", "coord-attention"],
    "where": {"hidden": "max(min_hidden, C // reduction)"},
    "params": "3*C*hidden + 2*hidden + (hidden + 2*C if bias else 0)",
    "macs": "2*C*hidden*(H + W)",
    "limits": [
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        [
            "hidden > 0",
            "the hidden width, the larger of min_hidden and channels // reduction, must not be {hidden}",
        ],
        [
            "activation in ('hardswish', 'relu')",
            "activation must be 'hardswish' or 'relu', not {activation}",
        ],
    ],
    "variants": {
        "r16": {"reduction": 16},
        "blog": {"reduction": 16, "min_hidden": 0, "bias": False, "activation": "relu"},
    },
    "deviations": [
        "The hidden width is at least 8, so up to 256 channels the default's counts are linear in the channels.",
        "The paper leaves the activation open; the official code has hard swish, as here; changzy00's copy"
        " has ReLU and no sigmoids: another module.",
        "The convolution in front of the BatchNorm has a bias too, as in the official code.",
        "The CA_Block that circulates in blogs and YOLO networks has no biases, ReLU and C // 16 hidden"
        " channels without a minimum (variant blog).",
    ],
}


class CA(nn.Module):
    """Coordinate Attention: (N, C, H, W) to the same shape.

    channels: C. reduction, min_hidden: hidden width is C // reduction, but at least min_hidden. bias: in
    the three convolutions. activation: "hardswish" or "relu".
    """

    def __init__(
        self,
        channels: int,
        *,
        reduction: int = 32,
        min_hidden: int = 8,
        bias: bool = True,
        activation: str = "hardswish",
    ) -> None:
        super().__init__()
        hidden = max(min_hidden, channels // reduction)
        self.activation = activation
        self.reduce = nn.Conv2d(channels, hidden, 1, bias=bias)
        self.norm = nn.BatchNorm2d(hidden)
        self.rows = nn.Conv2d(hidden, channels, 1, bias=bias)
        self.columns = nn.Conv2d(hidden, channels, 1, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per channel and row times one per channel and column."""
        height, width = x.shape[2:]
        by_row = x.mean(dim=3, keepdim=True)
        by_column = x.mean(dim=2, keepdim=True).transpose(2, 3)
        t = self.norm(self.reduce(torch.cat((by_row, by_column), dim=2)))
        t = t * F.relu6(t + 3) / 6 if self.activation == "hardswish" else t.relu()
        first, last = t.split((height, width), dim=2)
        row_gate: torch.Tensor = self.rows(first).sigmoid()
        column_gate: torch.Tensor = self.columns(last.transpose(2, 3)).sigmoid()
        return x * column_gate * row_gate

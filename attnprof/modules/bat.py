"""Adds to the map a copy of itself that two matrices computed from it mix between blocks of rows and columns.

    z = relu(BN(conv1x1(x)))                    c = C//r channels, in k groups; every convolution with bias
    f = relu(BN(conv1x1(z)))                    k channels
    P = sigmoid(conv s x 1 (max pool of f to s x 1))    k matrices of s x s, each row divided by its sum
    Q = sigmoid(conv 1 x s (max pool of f to 1 x s))    k matrices of s x s, each column divided by its sum
    t = (P kron I) z (Q kron I)                 per channel, its group's matrices; I of size H/s and W/s
    y = x + dropout(relu(BN(conv1x1(relu(BN(conv1x1(t)))))))       c to c, c to C; drops whole channels

variant timm: no bias in front of a BN, and c rounded to a multiple of 8.

Non-Local Neural Networks With Grouped Bilinear Attentional Transforms. Lu Chi et al., CVPR 2020.
Official code: BA-Transform/BAT-Image-Classification.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

ENTRY = {
    "class": "BAT",
    "name": "Bilinear attentional transform",
    "paper": {
        "title": "Non-Local Neural Networks With Grouped Bilinear Attentional Transforms",
        "author": "Lu Chi",
        "venue": "CVPR",
        "year": 2020,
        "url": "https://openaccess.thecvf.com/content_CVPR_2020/html/Chi_Non-Local_Neural_Networks_With_Grouped_"
        "Bilinear_Attentional_Transforms_CVPR_2020_paper.html",
    },
    "code": "BA-Transform/BAT-Image-Classification",
    "family": "self-attention",
    "place": "after",
    "aliases": ["ba-transform", "bilinear-attentional-transform", "bat-non-local", "batnonlocalattn"],
    "where": {
        "near": "0 if divisor is None else max(divisor, int(C / reduction + divisor / 2)//divisor*divisor)",
        "hidden": "C // reduction if divisor is None else near if near >= 0.9*C / reduction else near + divisor",
        "area": "block_size**2",
    },
    "params": (
        "2*C*hidden + hidden*hidden + hidden*groups + 2*(2*hidden + groups + C)"
        " + (2*hidden + groups + C if bias else 0) + 2*(block_size*area*groups**2 + area*groups)"
    ),
    "macs": "N*(2*C*hidden + hidden*hidden + hidden*groups) + 2*block_size*area*groups**2 + hidden*N*(H + W)",
    "limits": [
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["divisor is None or divisor > 0", "divisor must be positive, not {divisor}"],
        ["groups > 0", "groups must be positive, not {groups}"],
        ["block_size > 0", "block_size must be positive, not {block_size}"],
        ["0 <= dropout <= 1", "dropout must be from 0 to 1, not {dropout}"],
        [
            "hidden > 0 and hidden % groups == 0",
            "the hidden width = {hidden} must be a positive multiple of the groups = {groups}",
        ],
        [
            "H % block_size == 0 and W % block_size == 0",
            "height and width must be multiples of the block_size = {block_size}",
        ],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "variants": {"timm": {"reduction": 4, "divisor": 8, "block_size": 7, "groups": 2, "bias": False}},
    "deviations": [
        "The official code enlarges both matrices by H/s, so it takes square maps only; timm, as here, uses W/s too.",
        "timm has a quarter of the channels, 7 blocks, 2 groups and no bias in front of a BatchNorm (variant timm).",
        "Enlarged matrices are mostly zeros; their products are dense all the same, and counted so.",
        "Training drops whole channels at random, one in five.",
    ],
}


def _block(inputs: int, outputs: int, bias: bool) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, 1, bias=bias)
    return nn.Sequential(OrderedDict(conv=conv, norm=nn.BatchNorm2d(outputs), relu=nn.ReLU()))


class BAT(nn.Module):
    """Bilinear attentional transform in a bottleneck: (N, C, H, W) to the same shape.

    channels: C. reduction: r, hidden width is C // r; with a divisor, C / r rounded to a multiple of it, up where that
    is less than nine tenths. block_size: s, blocks along a side. groups: k. dropout: probability that an output
    channel is dropped in training. bias: biases in the convolutions in front of a BatchNorm.
    """

    def __init__(
        self,
        channels: int,
        *,
        reduction: int = 2,
        block_size: int = 4,
        groups: int = 4,
        dropout: float = 0.2,
        bias: bool = True,
        divisor: int | None = None,
    ) -> None:
        super().__init__()
        hidden = channels // reduction
        if divisor is not None:
            hidden = max(divisor, int(channels / reduction + divisor / 2) // divisor * divisor)
            hidden += divisor if hidden < 0.9 * channels / reduction else 0
        self.blocks, self.groups = block_size, groups
        self.squeeze = _block(channels, hidden, bias)
        self.describe = _block(hidden, groups, bias)
        self.rows = nn.Conv2d(groups, block_size**2 * groups, (block_size, 1))
        self.columns = nn.Conv2d(groups, block_size**2 * groups, (1, block_size))
        self.transform = _block(hidden, hidden, bias)
        self.expand = _block(hidden, channels, bias)
        self.dropout = nn.Dropout2d(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add to x (N, C, H, W) its bilinear transform."""
        n, _, height, width = x.shape
        side = self.blocks
        hidden = self.squeeze(x)
        description = self.describe(hidden)
        by_row = self.rows(F.adaptive_max_pool2d(description, (side, 1)))
        by_column = self.columns(F.adaptive_max_pool2d(description, (1, side)))
        rows, columns = (m.view(n, self.groups, side, side).sigmoid() for m in (by_row, by_column))
        rows = rows / rows.sum(dim=3, keepdim=True)
        columns = columns / columns.sum(dim=2, keepdim=True)
        grouped = hidden.unflatten(1, (self.groups, -1))  # (N, groups, c/groups, H, W)
        mixed = _enlarged(rows, height)[:, :, None] @ grouped @ _enlarged(columns, width)[:, :, None]
        y: torch.Tensor = x + self.dropout(self.expand(self.transform(mixed.flatten(1, 2))))
        return y


def _enlarged(matrices: torch.Tensor, size: int) -> torch.Tensor:
    # (N, groups, s, s) to (N, groups, size, size): the Kronecker product with an identity matrix.
    identity = torch.eye(size // matrices.shape[3], dtype=matrices.dtype, device=matrices.device)
    return torch.kron(matrices, identity)

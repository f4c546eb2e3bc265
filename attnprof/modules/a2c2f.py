"""Chains attention blocks over areas of the map, and joins the outputs of every pair of them.

    conv: convolution without bias, then BN;    c = int(C*expansion), heads of 32 channels
    b_0 = silu(conv1x1(x))                      (c, H, W)
    b_i = block(block(b_(i-1)))                 i = 1 to depth, each block with weights of its own:
        u = b + area attention(b)               see yolo: attn_ratio 1, k = 7, `area` bands of the positions
        block(b) = u + conv1x1(silu(conv1x1(u)))            int(c*mlp_ratio) channels between
    y = silu(conv1x1([b_0, ..., b_depth]))      (C, H, W)
    residual: y = x + gamma * y                 gamma: C factors, 0.01 at first

Inside area attention, head by head: [q, k, v] = conv1x1(b), 32 channels each; the positions, row by row, in `area` equal
parts, in each out = softmax over its positions of q . k / sqrt(32) times v; then conv1x1(out + depthwise conv 7x7 (v)).
alone: one such block on all C channels: ABlock.

YOLOv12: Attention-Centric Real-Time Object Detectors. Yunjie Tian et al., arXiv 2025, arXiv:2502.12524.
Official code: sunsmarterjie/yolov12; ported as in ultralytics.
"""

import torch
from torch import nn

from attnprof.modules._yolo import AreaAttention, AttentionMLP, conv

ENTRY = {
    "class": "A2C2f",
    "name": "A2C2f: area attention block",
    "paper": {
        "title": "YOLOv12: Attention-Centric Real-Time Object Detectors",
        "author": "Yunjie Tian",
        "venue": "arXiv",
        "year": 2025,
        "arxiv": "2502.12524",
    },
    "code": "sunsmarterjie/yolov12",
    "family": "self-attention",
    "place": "after",
    "aliases": ["a2-c2f", "r-elan"],
    "related": ["ablock", "area-attention-block"],
    "where": {
        "c": "C if alone else int(C*expansion)",
        "hidden": "int(c*mlp_ratio)",
        "blocks": "1 if alone else 2*depth",
        "block": "c*(4*c + 2*hidden + 49)",
    },
    "params": (
        "blocks*(block + 12*c + 2*hidden)"
        " + (0 if alone else (2 + depth)*C*c + 2*c + 2*C + (C if residual else 0))"
    ),
    "macs": "blocks*N*(block + 2*c*(N // area)) + (0 if alone else (2 + depth)*N*C*c)",
    "limits": [
        ["depth > 0", "depth must be positive, not {depth}"],
        ["c > 0 and c % 32 == 0", "the {c} channels that attend must be a multiple of 32: heads are 32 wide"],
        ["hidden > 0", "mlp_ratio = {mlp_ratio} leaves the feed-forward part no channel"],
        ["area > 0", "area must be positive, not {area}"],
        ["N % area == 0", "the number of positions must be a multiple of the areas = {area}"],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "variants": {
        "area4": {"depth": 2, "area": 4},
        "large": {"depth": 4, "area": 4, "mlp_ratio": 1.2, "residual": True},
        "ablock": {"mlp_ratio": 1.2, "alone": True},
    },
    "deviations": [
        "Follows the ultralytics package, whose 7x7 convolution and joint queries, keys and values the authors' repository"
        " has as a 5x5 one and as two layers.",
        "Defaults are the class's; YOLO12 n has two pairs and four areas at stride 16 (variant area4) and one at stride 32; l"
        " and x have four pairs, mlp_ratio 1.2 and the residual (variant large).",
        "Its form without attention, with C3k in place of the blocks, is left out.",
        "Inside a model ultralytics sets all BatchNorms to eps 0.001 and momentum 0.03; here they are torch's defaults, as in"
        " the class.",
    ],
}


class A2C2f(nn.Module):
    """Area attention blocks in YOLOv12's layout: (N, C, H, W) to the same shape.

    channels: C. depth: pairs of blocks. area: parts of the map that attend separately. mlp_ratio: width of the
    feed-forward part over c. expansion: c as a share of C. residual: add x, with a factor per channel of the rest.
    alone: one block on all channels.
    """

    def __init__(
        self,
        channels: int,
        *,
        depth: int = 1,
        area: int = 1,
        mlp_ratio: float = 2.0,
        expansion: float = 0.5,
        residual: bool = False,
        alone: bool = False,
    ) -> None:
        super().__init__()
        width = channels if alone else int(channels * expansion)
        self.enter = None if alone else conv(channels, width, activation=True)
        self.blocks = nn.ModuleList(
            nn.Sequential(*(_block(width, mlp_ratio, area) for _ in range(1 if alone else 2)))
            for _ in range(1 if alone else depth)
        )
        self.join = None if alone else conv((1 + depth) * width, channels, activation=True)
        self.gamma = nn.Parameter(torch.full((channels, 1, 1), 0.01)) if residual and not alone else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Attend within the areas of x (N, C, H, W)."""
        outputs = [x if self.enter is None else self.enter(x)]
        for pair in self.blocks:
            outputs.append(pair(outputs[-1]))
        if self.join is None:
            return outputs[-1]
        y: torch.Tensor = self.join(torch.cat(outputs, dim=1))
        return y if self.gamma is None else x + self.gamma * y


def _block(channels: int, mlp_ratio: float, area: int) -> AttentionMLP:
    attention = AreaAttention(channels, channels // 32, attn_ratio=1.0, kernel_size=7, area=area)
    block = AttentionMLP(channels, attention, int(channels * mlp_ratio))
    for layer in block.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.trunc_normal_(layer.weight, std=0.02)
    return block

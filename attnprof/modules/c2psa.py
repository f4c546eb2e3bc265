"""Attends between all positions in half of the channels, and hands the other half past it.

    conv: convolution without bias, then BN;    c = int(C*expansion), heads of c/heads channels
    [a, b] = silu(conv1x1(x))                   c channels each
    depth times, on b:
        b = b + psa(b)                          YOLOv10's attention: see yolo, attn_ratio 0.5, k = 3
        b = b + conv1x1(silu(conv1x1(b)))       2c channels between
    y = silu(conv1x1([a, b]))                   (C, H, W)

Inside psa, head by head: [q, k, v] = conv1x1(b) of int(c/heads*attn_ratio), as many, and c/heads channels;
out = softmax over the positions of q . k / sqrt(width of q) times v; psa(b) = conv1x1(out + depthwise conv 3x3 (v)).
alone: one such pair on all C channels, without a: PSABlock.

YOLO11 has it behind its backbone; YOLOv10's PSA is the same at depth 1.
YOLOv10: Real-Time End-to-End Object Detection. Ao Wang et al., NeurIPS 2024, arXiv:2405.14458.
Official code: ultralytics/ultralytics.
"""

import torch
from torch import nn

from attnprof.modules._yolo import AreaAttention, AttentionMLP, conv

ENTRY = {
    "class": "C2PSA",
    "name": "C2PSA: cross-stage position-sensitive attention",
    "paper": {
        "title": "YOLOv10: Real-Time End-to-End Object Detection",
        "author": "Ao Wang",
        "venue": "NeurIPS",
        "year": 2024,
        "arxiv": "2405.14458",
    },
    "code": "ultralytics/ultralytics",
    "family": "self-attention",
    "place": "after",
    "aliases": ["c2-psa", "yolo11-psa"],
    "related": ["psablock", "psa-block"],
    "where": {
        "c": "C if alone else int(C*expansion)",
        "groups": "max(c // 64, 1) if heads is None else heads",
        "keys": "groups*int(c // groups*attn_ratio)",
        "blocks": "1 if alone else depth",
        "block": "c*(6*c + 2*keys + 9)",
    },
    "params": "blocks*(block + 12*c + 4*keys) + (0 if alone else 4*C*c + 4*c + 2*C)",
    "macs": "blocks*(N*block + N*N*(keys + c)) + (0 if alone else 4*N*C*c)",
    "limits": [
        ["depth > 0", "depth must be positive, not {depth}"],
        ["0 < c <= C", "expansion = {expansion} must leave from 1 to C channels, not {c}"],
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        ["c % groups == 0", "the {c} channels that attend must be a multiple of the heads = {groups}"],
        ["keys > 0", "attn_ratio = {attn_ratio} leaves the keys no channel"],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "variants": {
        "depth2": {"depth": 2},
        "psablock": {"alone": True, "heads": 4},
    },
    "deviations": [
        "YOLO11 has depth 1 in its sizes n, s and m, and 2 in l and x (variant depth2).",
        "Heads are c // 64, at least one; PSABlock by itself (variant psablock) has 4.",
        "No paper describes it; it is YOLOv10's PSA with a depth.",
        "Inside a model ultralytics sets all BatchNorms to eps 0.001 and momentum 0.03; here they are torch's defaults, as in"
        " the class.",
    ],
}


class C2PSA(nn.Module):
    """Position-sensitive attention in a part of the channels: (N, C, H, W) to the same shape.

    channels: C. depth: blocks in a row. expansion: c as a share of C. heads: unless given, c // 64, at least one.
    attn_ratio: width of a head's queries and keys as a share of the head's. alone: one block on all channels.
    """

    def __init__(
        self,
        channels: int,
        *,
        depth: int = 1,
        expansion: float = 0.5,
        heads: int | None = None,
        attn_ratio: float = 0.5,
        alone: bool = False,
    ) -> None:
        super().__init__()
        width = channels if alone else int(channels * expansion)
        groups = max(width // 64, 1) if heads is None else heads
        self.split = None if alone else conv(channels, 2 * width, activation=True)
        self.blocks = nn.Sequential(
            *(
                AttentionMLP(
                    width, AreaAttention(width, groups, attn_ratio, kernel_size=3, area=1), 2 * width
                )
                for _ in range(1 if alone else depth)
            )
        )
        self.join = None if alone else conv(2 * width, channels, activation=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Attend in a part of the channels of x (N, C, H, W)."""
        if self.split is None or self.join is None:
            attended: torch.Tensor = self.blocks(x)
            return attended
        past, through = self.split(x).chunk(2, dim=1)
        y: torch.Tensor = self.join(torch.cat((past, self.blocks(through)), dim=1))
        return y

"""Finds, for each region of the map, the regions most like it, and attends to all positions of those only.

    the map in R x R regions, R = 7, of P = H*W/R^2 positions
    [q, k, v] = linear(x)                       C channels each, with bias
    a = (mean of q per region) (mean of k per region)^T / sqrt(C)       R^2 x R^2, no gradient
    each region takes the t regions of largest a; keys and values are their t*P positions
    out = softmax over m of q_p . k_m / sqrt(C) times v         per head, yet divided by sqrt(C)
    y = linear(heads side by side + depthwise conv(map of v))   with bias

variant published: t is 1, 4, 16, 49 by stage: for maps of about 56, 28, 14 and 7 pixels.

BiFormer: Vision Transformer with Bi-Level Routing Attention. Lei Zhu et al., CVPR 2023, arXiv:2303.08810.
Official code: rayleizhu/BiFormer.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.catalogue.formula import stage
from attnprof.modules._maps import from_windows, join_heads, split_heads, to_map, to_tokens, to_windows

ENTRY = {
    "class": "BiLevelRoutingAttention",
    "name": "Bi-level routing attention",
    "paper": {
        "title": "BiFormer: Vision Transformer with Bi-Level Routing Attention",
        "author": "Lei Zhu",
        "venue": "CVPR",
        "year": 2023,
        "arxiv": "2303.08810",
    },
    "code": "rayleizhu/BiFormer",
    "family": "self-attention",
    "place": "after",
    "aliases": ["bra", "bi-level-routing", "bi-level-routing-attention", "bilevelroutingattention"],
    "sized": "topk is None",
    "where": {
        "groups": "C // 32 if heads is None else heads",
        "regions": "windows*windows",
        "taken": "(1, 4, 16, 49)[stage(H, W)] if topk is None else topk",
    },
    "params": "4*C*C + 5*C + kernel_size**2*C",
    "macs": "N*(4*C*C + kernel_size**2*C) + regions*regions*C + 2*N*taken*(N // regions)*C",
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        [
            "heads is not None or C % 32 == 0",
            "without heads, channels must be a multiple of 32: heads are 32 wide",
        ],
        ["heads is None or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["windows > 0", "windows must be positive, not {windows}"],
        ["topk is None or topk > 0", "topk must be positive, not {topk}"],
        ["topk is None or topk <= regions", "topk must be at most the number of regions = {regions}"],
        [
            "H % windows == 0 and W % windows == 0",
            "height and width must be multiples of the windows = {windows}",
        ],
        ["taken <= regions", "this map's stage takes {taken} regions, there are {regions}: give topk"],
    ],
    "variants": {"published": {"heads": None, "topk": None, "kernel_size": 5}},
    "deviations": [
        "The class defaults have 8 heads, 4 regions and a 3x3 convolution; the models have heads of 32, regions by"
        " stage and a 5x5 convolution (variant published).",
        "At the last stage the models use plain attention, another class; taking all 49 regions is the same sum.",
        "The logits are divided by the square root of all channels, not of a head's.",
        "Taking the largest is not continuous: where two regions tie, implementations may differ.",
        "The official automatic padding, off by default, is left out: other sizes are refused.",
    ],
}


class BiLevelRoutingAttention(nn.Module):
    """Bi-level routing attention of BiFormer: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map, needed where topk is None. heads: None for C // 32. windows: R, regions
    along a side. topk: t, regions taken; None for the stage's number. kernel_size: of the depthwise convolution.
    """

    def __init__(
        self,
        channels: int,
        *,
        height: int | None = None,
        width: int | None = None,
        heads: int | None = 8,
        windows: int = 7,
        topk: int | None = 4,
        kernel_size: int = 3,
    ) -> None:
        super().__init__()
        if topk is None:
            if height is None or width is None:
                raise ValueError(
                    "the number of regions follows from the map's size: give height and width, or topk"
                )
            topk = (1, 4, 16, 49)[stage(height, width)]
        self.heads = channels // 32 if heads is None else heads
        self.windows, self.topk, self.scale = windows, topk, channels**-0.5
        self.qkv = nn.Linear(channels, 3 * channels)
        self.local = nn.Conv2d(channels, channels, kernel_size, padding=kernel_size // 2, groups=channels)
        self.project = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to the regions that its region takes."""
        n, channels, height, width = x.shape
        rows, columns, regions = height // self.windows, width // self.windows, self.windows**2
        maps = [to_map(part, height, width) for part in self.qkv(to_tokens(x)).chunk(3, dim=2)]
        # (N, regions, P, C)
        query, key, value = (
            to_windows(part, rows, columns).flatten(2).transpose(1, 2).reshape(n, regions, -1, channels)
            for part in maps
        )
        with torch.no_grad():
            affinity = query.mean(dim=2) * self.scale @ key.mean(dim=2).transpose(1, 2)
            taken = affinity.topk(self.topk, dim=2).indices  # (N, regions, t)
        image = torch.arange(n, device=x.device)[:, None, None]
        # One batch entry per region: (N*regions, P or t*P, C), then in heads.
        parts = (
            query.flatten(0, 1),
            *(part[image, taken].flatten(2, 3).flatten(0, 1) for part in (key, value)),
        )
        queries, keys, values = (split_heads(part, self.heads) for part in parts)
        attended = join_heads(F.scaled_dot_product_attention(queries, keys, values, scale=self.scale))
        merged = from_windows(to_map(attended, rows, columns), height, width)
        return to_map(self.project(to_tokens(merged + self.local(maps[2]))), height, width)

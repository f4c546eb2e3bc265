"""Lets every position attend to a sparse grid that reaches over the whole map, with a learned bias for each offset.

    grid: G x G positions, H/G rows and W/G columns apart; the map's grids, one for each first position, attend by themselves
    [q, k, v] = linear(x)                       C channels each, in heads of d = C/heads
    logits = q_p . k_m / sqrt(d) + B[(row_p - row_m + G-1)*(2G-1) + col_p - col_m + G-1]
             rows and columns counted in the grid, 0 to G-1; B: ((2G-1)^2, heads), learned
    y = linear(softmax over m of logits times v, heads side by side)        every linear with bias
    mode "block": windows of G x G neighbours that tile the map, in place of grids

MaxViT: Multi-Axis Vision Transformer. Zhengzhong Tu et al., ECCV 2022, arXiv:2204.01697.
Official code: google-research/maxvit (TensorFlow); ported as in timm.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import (
    from_grids,
    from_windows,
    join_heads,
    relative_index,
    split_heads,
    to_grids,
    to_map,
    to_tokens,
    to_windows,
)

ENTRY = {
    "class": "GridAttention",
    "name": "MaxViT grid attention",
    "paper": {
        "title": "MaxViT: Multi-Axis Vision Transformer",
        "author": "Zhengzhong Tu",
        "venue": "ECCV",
        "year": 2022,
        "arxiv": "2204.01697",
    },
    "code": "google-research/maxvit",
    "family": "self-attention",
    "place": "after",
    "aliases": ["grid-attention", "maxvit-grid", "max-vit"],
    "related": ["max-sa", "multi-axis-attention"],
    "where": {"groups": "C // head_channels"},
    "params": "4*C*C + 4*C + (2*grid_size - 1)**2*groups",
    "macs": "N*(4*C*C + 2*grid_size**2*C)",
    "limits": [
        ["mode in ('grid', 'block')", "mode must be 'grid' or 'block', not {mode}"],
        ["head_channels > 0", "head_channels must be positive, not {head_channels}"],
        ["C % head_channels == 0", "channels must be a multiple of the head_channels = {head_channels}"],
        ["grid_size > 0", "grid_size must be positive, not {grid_size}"],
        [
            "H % grid_size == 0 and W % grid_size == 0",
            "height and width must be multiples of the grid = {grid_size}",
        ],
    ],
    "variants": {"block": {"mode": "block"}},
    "deviations": [
        "The block of MaxViT has MBConv, block attention and grid attention in turn, each attention with norms and a feed-forward"
        " part; here one attention is measured alone.",
        "Mode block is Swin's window attention without a shift (see swin).",
        "MaxViT adapts the grid to the input, H/32 at its usual sizes: 7 for 224 pixels.",
        "On a map of one grid both modes are the same.",
    ],
}


class GridAttention(nn.Module):
    """Grid or block attention of MaxViT: (N, C, H, W) to the same shape.

    channels: C. mode: "grid" or "block". grid_size: G, of the window in the mode "block". head_channels: d.
    """

    index: torch.Tensor

    def __init__(
        self, channels: int, *, mode: str = "grid", grid_size: int = 7, head_channels: int = 32
    ) -> None:
        super().__init__()
        self.mode, self.side, self.heads = mode, grid_size, channels // head_channels
        self.qkv = nn.Linear(channels, 3 * channels)
        self.project = nn.Linear(channels, channels)
        self.relative_bias = nn.Parameter(torch.empty((2 * grid_size - 1) ** 2, self.heads))
        nn.init.trunc_normal_(self.relative_bias, std=0.02)
        self.register_buffer("index", relative_index(grid_size, grid_size), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to its grid, or its block."""
        side, (height, width) = self.side, x.shape[2:]
        grid = self.mode == "grid"
        windows = to_grids(x, side) if grid else to_windows(x, side, side)
        attended = to_map(self._attend(to_tokens(windows)), side, side)
        return from_grids(attended, height, width) if grid else from_windows(attended, height, width)

    def _attend(self, tokens: torch.Tensor) -> torch.Tensor:
        # (windows, G*G, C) to the same shape.
        query, key, value = (split_heads(part, self.heads) for part in self.qkv(tokens).chunk(3, dim=2))
        bias = self.relative_bias[self.index].permute(2, 0, 1)
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        y: torch.Tensor = self.project(join_heads(attended))
        return y

"""Lets the positions of a block attend to the block and a halo around it, by content and relative position.

    queries in blocks of b x b that tile the map; keys and values of a block from its window
    of w x w, w = b + 2*halo, with zeros outside the map
    q = conv1x1(x), [k, v] of each head = conv1x1(x)        heads of d = C/heads, no bias
    logits = q_p . k_m / sqrt(d) + q_p . R_h[w-1 + row_m - row_p] + q_p . R_w[w-1 + col_m - col_p]
             rows and columns: of the block for p, of the window for m, from 0; R_h, R_w: (2w-1, d), learned
    y = softmax over the w*w keys of logits times v         heads side by side; no projection behind it
    lucidrains  q, [k, v] = linear(x) of each block, window; heads of d whatever C is, no bias; q / sqrt(d) in
                all three terms; no weight outside the map; y = linear(heads side by side), with bias

Scaling Local Self-Attention for Parameter Efficient Visual Backbones. Ashish Vaswani et al.,
CVPR 2021, arXiv:2103.12731.
Official code: none; ported as in timm, and as in lucidrains/halonet-pytorch.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import from_windows, join_heads, split_heads, to_map, to_tokens, to_windows

ENTRY = {
    "class": "HaloAttention",
    "name": "Halo attention",
    "paper": {
        "title": "Scaling Local Self-Attention for Parameter Efficient Visual Backbones",
        "author": "Ashish Vaswani",
        "venue": "CVPR",
        "year": 2021,
        "arxiv": "2103.12731",
    },
    "code": "",
    "family": "self-attention",
    "place": "replace",
    "aliases": ["halonet", "halo-net", "halo-attention", "haloattn"],
    "where": {
        "depth": "C // heads if head_channels is None else head_channels",
        "inner": "heads*depth",
        "window": "block_size + 2*halo",
    },
    "params": "2*(2*window - 1)*depth + (2*C*inner + C*C if mode == 'timm' else 4*C*inner + C)",
    "macs": (
        "N*(2*(2*window - 1)*inner + (2*C*inner + C*C + window**2*(inner + C) if mode == 'timm'"
        " else 2*C*inner + 2*window**2*inner)) + (N//block_size**2*window**2*2*C*inner if mode != 'timm' else 0)"
    ),
    "limits": [
        ["mode in ('timm', 'lucidrains')", "mode must be 'timm' or 'lucidrains', not {mode}"],
        ["block_size > 0", "block_size must be positive, not {block_size}"],
        ["halo >= 0", "halo must not be negative, as {halo} is"],
        ["heads > 0", "heads must be positive, not {heads}"],
        ["mode != 'timm' or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        ["depth > 0", "a head must have channels, not {depth}: channels // heads, or head_channels"],
        [
            "H % block_size == 0 and W % block_size == 0",
            "height and width must be multiples of the block = {block_size}",
        ],
    ],
    "variants": {
        "b8": {"block_size": 8},
        "lucidrains": {"mode": "lucidrains", "head_channels": 64},
    },
    "deviations": [
        "No official code exists. timm's block is 8 (variant b8), which divides neither 28, 14 nor 7; here it is 7.",
        "Zeros outside the map take part in timm's softmax, as here; lucidrains' port gives them no weight.",
        "lucidrains' port projects keys and values after it has gathered the windows, so overlaps are computed again.",
        "timm does not scale the position logits, lucidrains' port does.",
        "The first 2*halo rows of each table are never read: queries reach no further.",
    ],
}


class HaloAttention(nn.Module):
    """Blocked local self-attention of HaloNet: (N, C, H, W) to the same shape.

    channels: C. mode: "timm" or "lucidrains", as above. block_size: b. halo: positions around a block.
    heads: of C // heads channels, or of head_channels (in timm's mode: queries and keys only).
    """

    def __init__(
        self,
        channels: int,
        *,
        mode: str = "timm",
        block_size: int = 7,
        halo: int = 3,
        heads: int = 8,
        head_channels: int | None = None,
    ) -> None:
        super().__init__()
        depth = channels // heads if head_channels is None else head_channels
        self.mode, self.block, self.halo, self.heads = mode, block_size, halo, heads
        self.depth, self.scale = depth, depth**-0.5
        window = block_size + 2 * halo
        self.project: nn.Linear | None = None
        if mode == "timm":
            self.query: nn.Module = nn.Conv2d(channels, heads * depth, 1, bias=False)
            self.key_value: nn.Module = nn.Conv2d(channels, heads * depth + channels, 1, bias=False)
            for projection in (self.query, self.key_value):
                nn.init.trunc_normal_(projection.weight, std=channels**-0.5)
        else:
            self.query = nn.Linear(channels, heads * depth, bias=False)
            self.key_value = nn.Linear(channels, 2 * heads * depth, bias=False)
            self.project = nn.Linear(heads * depth, channels)
        self.relative_height = nn.Parameter(torch.empty(2 * window - 1, depth))
        self.relative_width = nn.Parameter(torch.empty(2 * window - 1, depth))
        draw = nn.init.trunc_normal_ if mode == "timm" else nn.init.normal_
        for table in (self.relative_height, self.relative_width):
            draw(table, std=self.scale)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each block of x (N, C, H, W) attend to its window."""
        height, width = x.shape[2:]
        block = self.block
        # (N*blocks, heads, block*block or window*window, d)
        if self.project is None:
            query = split_heads(to_tokens(to_windows(self.query(x), block, block)), self.heads)
            both = split_heads(self._windows(self.key_value(x)), self.heads)
            key, value = both[..., : self.depth], both[..., self.depth :]
            logits = query @ key.transpose(2, 3) * self.scale
        else:
            query = split_heads(self.query(to_tokens(to_windows(x, block, block))), self.heads) * self.scale
            key, value = (
                split_heads(t, self.heads) for t in self.key_value(self._windows(x)).chunk(2, dim=2)
            )
            logits = query @ key.transpose(2, 3)
        logits = logits + self._relative(query)
        if self.project is not None:
            inside = self._windows(x.new_ones(1, 1, height, width)).squeeze(2) > 0  # (blocks, window*window)
            by_image = logits.view(-1, inside.shape[0], *logits.shape[1:])
            logits = by_image.masked_fill(~inside[:, None, None], float("-inf")).flatten(0, 1)
        tokens = join_heads(logits.softmax(dim=3) @ value)
        tokens = tokens if self.project is None else self.project(tokens)
        return from_windows(to_map(tokens, block, block), height, width)

    def _windows(self, x: torch.Tensor) -> torch.Tensor:
        # (N, C, H, W) to the tokens of each block's window: (N*blocks, window*window, C).
        side = self.block + 2 * self.halo
        tiles = F.pad(x, (self.halo,) * 4).unfold(2, side, self.block).unfold(3, side, self.block)
        return tiles.permute(0, 2, 3, 4, 5, 1).reshape(-1, side * side, x.shape[1])

    def _relative(self, query: torch.Tensor) -> torch.Tensor:
        # Queries (M, heads, block*block, d) to position logits (M, heads, block*block, window*window).
        grid = query.reshape(*query.shape[:2], self.block, self.block, self.depth)
        by_column = _by_distance(grid, self.relative_width)
        by_row = _by_distance(grid.transpose(2, 3), self.relative_height).transpose(2, 3)
        return (by_row[..., :, None] + by_column[..., None, :]).flatten(4).flatten(2, 3)


def _by_distance(query: torch.Tensor, table: torch.Tensor) -> torch.Tensor:
    # query (..., block, d) and table (2w-1, d) to (..., block, w): entry [i, j] is query_i . table[w-1 + j - i].
    block, window = query.shape[-2], (table.shape[0] + 1) // 2
    scores = query @ table.T
    distance = (
        window
        - 1
        + torch.arange(window, device=query.device)
        - torch.arange(block, device=query.device)[:, None]
    )
    return scores.gather(-1, distance.expand(*scores.shape[:-1], window))

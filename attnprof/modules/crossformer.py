"""Attends within windows or groups of pixels at fixed intervals, with position biases from a small MLP.

    groups of G x G pixels, G = 7
        mode "short" (SDA): the windows that tile the map
        mode "long" (LDA):  in each tile of GI x GI, the pixels with the same (row mod I, column mod I)
    [q, k, v] = linear(x)                       C channels each, in heads of d = C/heads
    logits = q_p . k_m / sqrt(d) + b[row_p - row_m, column_p - column_m]        rows and columns of the group
    b = MLP(offset), for the (2G-1)^2 offsets: linear 2 -> D, then three times linear(relu(LayerNorm(.))),
        D -> D, D -> D and D -> heads, D = C//16, no residual
    y = linear(softmax over m of logits times v, heads side by side)            every layer with bias

I is 8, 4, 2, 1 by stage: for maps of about 56, 28, 14 and 7 pixels.

CrossFormer: A Versatile Vision Transformer Hinging on Cross-scale Attention. Wenxiao Wang et al.,
ICLR 2022, arXiv:2108.00154.
Official code: cheerss/CrossFormer.
"""

import torch
from torch import nn

from attnprof.catalogue.formula import stage
from attnprof.modules._maps import from_windows, join_heads, relative_index, split_heads, to_map, to_windows

ENTRY = {
    "class": "CrossFormerAttention",
    "name": "Long short distance attention",
    "paper": {
        "title": "CrossFormer: A Versatile Vision Transformer Hinging on Cross-scale Attention",
        "author": "Wenxiao Wang",
        "venue": "ICLR",
        "year": 2022,
        "arxiv": "2108.00154",
    },
    "code": "cheerss/CrossFormer",
    "family": "self-attention",
    "place": "after",
    "aliases": ["lsda", "long-short-distance-attention", "crossformer-attention"],
    "related": ["sda", "lda"],
    "sized": "mode == 'long' and interval is None",
    "where": {
        "groups": "C // 32 if heads is None else heads",
        "hidden": "C // 16",
        "step": "1 if mode == 'short' else (8, 4, 2, 1)[stage(H, W)] if interval is None else interval",
        "tile": "step*group_size",
    },
    "params": ("4*C*C + C + (3*C if qkv_bias else 0) + 2*hidden*hidden + 11*hidden + (hidden + 1)*groups"),
    "macs": (
        "N*(4*C*C + 2*group_size**2*C) + (2*group_size - 1)**2*(2*hidden + 2*hidden*hidden + hidden*groups)"
    ),
    "limits": [
        ["mode in ('short', 'long')", "mode must be 'short' or 'long', not {mode}"],
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        [
            "heads is not None or C % 32 == 0",
            "without heads, channels must be a multiple of 32: heads are 32 wide",
        ],
        ["heads is None or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        ["C >= 16", "channels must be at least 16: the MLP of the biases is C // 16 wide"],
        ["group_size > 0", "group_size must be positive, not {group_size}"],
        ["interval is None or interval > 0", "interval must be positive, not {interval}"],
        [
            "H % tile == 0 and W % tile == 0",
            "height and width must be multiples of group_size x interval = {tile}",
        ],
    ],
    "variants": {"long": {"mode": "long"}},
    "deviations": [
        "Maps of the last stage, with a side of at most 9 pixels, have interval 1, so long falls back to short as officially.",
        "The official CrossFormer++ pads and masks other sizes; here they are refused.",
        "The MLP of the biases runs in every call and is counted; the official code runs it once for a batch, this one"
        " for each image of it.",
        "CrossFormer alternates the two modes; here each is measured alone.",
    ],
}


class _PositionBias(nn.Module):
    """Biases of (..., 2) offsets: (..., heads)."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.project = nn.Linear(2, hidden)
        widths = (hidden, hidden, heads)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(hidden), nn.ReLU(), nn.Linear(hidden, width)) for width in widths
        )

    def forward(self, offsets: torch.Tensor) -> torch.Tensor:
        """Biases of offsets (..., 2)."""
        bias: torch.Tensor = self.project(offsets)
        for layer in self.layers:
            bias = layer(bias)
        return bias


class CrossFormerAttention(nn.Module):
    """Long or short distance attention of CrossFormer: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map, needed in the long mode where interval is not given. mode: "short" or
    "long". group_size: G. interval: I, distance of a long group's pixels. heads: unless given, C // 32.
    qkv_bias: biases in the first layer.
    """

    index: torch.Tensor
    offsets: torch.Tensor

    def __init__(
        self,
        channels: int,
        *,
        height: int | None = None,
        width: int | None = None,
        mode: str = "short",
        group_size: int = 7,
        interval: int | None = None,
        heads: int | None = None,
        qkv_bias: bool = True,
    ) -> None:
        super().__init__()
        if mode == "short":
            interval = 1
        elif interval is None:
            if height is None or width is None:
                raise ValueError(
                    "the interval follows from the map's size: give height and width, or interval"
                )
            interval = (8, 4, 2, 1)[stage(height, width)]
        self.heads = channels // 32 if heads is None else heads
        self.scale = (channels // self.heads) ** -0.5
        self.side, self.interval = group_size, interval
        self.qkv = nn.Linear(channels, 3 * channels, bias=qkv_bias)
        self.position = _PositionBias(channels // 16, self.heads)
        self.project = nn.Linear(channels, channels)
        offsets = torch.arange(1 - group_size, group_size, dtype=torch.get_default_dtype())
        self.register_buffer("offsets", torch.cartesian_prod(offsets, offsets), persistent=False)
        self.register_buffer("index", relative_index(group_size, group_size), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to its group."""
        channels, height, width = x.shape[1:]
        side, step = self.side, self.interval
        # Pixels at an interval of I become neighbours: the rows of a tile are ordered by their number mod I.
        tiles = to_windows(x, side * step, side * step)
        groups = tiles.view(-1, channels, side, step, side, step).permute(0, 3, 5, 1, 2, 4)
        tokens = groups.flatten(4).flatten(0, 2).transpose(1, 2)  # (N*tiles*I*I, G*G, C)
        query, key, value = (split_heads(part, self.heads) for part in self.qkv(tokens).chunk(3, dim=2))
        bias = self.position(self.offsets.expand(len(x), -1, -1))[:, self.index].permute(0, 3, 1, 2)
        # The groups of one image are consecutive; (N, groups, heads, G*G, G*G) meets the image's biases.
        logits = (query * self.scale @ key.transpose(2, 3)).view(len(x), -1, *bias.shape[1:]) + bias[:, None]
        weights = logits.flatten(0, 1).softmax(dim=3)
        attended = to_map(self.project(join_heads(weights @ value)), side, side)
        back = attended.reshape(-1, step, step, channels, side, side).permute(0, 3, 4, 1, 5, 2)
        return from_windows(back.reshape(-1, channels, side * step, side * step), height, width)

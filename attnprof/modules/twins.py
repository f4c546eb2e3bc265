"""Attends within windows that carry no position bias, or from all positions to a reduced map.

mode "local" (LSA): each window of M x M, M = 7, that tiles the map attends within itself

    the map is padded with zeros at the right and the bottom to multiples of M
    q = linear(x), [k, v] = linear(x)           C channels each, in heads of d = C/heads; padding takes part
    y = linear(softmax over m of q_p . k_m / sqrt(d) times v, heads side by side), the padding cut off before

mode "global" (GSA): R is 8, 4, 2, 1 by stage: for maps of about 56, 28, 14 and 7 pixels

    z = LayerNorm(conv R x R, stride R (x))     (H//R)*(W//R) positions; R = 1: z = x, no convolution, no norm
    q = linear(x), [k, v] = linear(z), y as above over the positions of z         every layer with bias

Twins: Revisiting the Design of Spatial Attention in Vision Transformers. Xiangxiang Chu et al.,
NeurIPS 2021, arXiv:2104.13840.
Official code: Meituan-AutoML/Twins; ported as in timm.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.catalogue.formula import stage
from attnprof.modules._maps import from_windows, join_heads, split_heads, to_map, to_tokens, to_windows

ENTRY = {
    "class": "TwinsAttention",
    "name": "Twins attention",
    "paper": {
        "title": "Twins: Revisiting the Design of Spatial Attention in Vision Transformers",
        "author": "Xiangxiang Chu",
        "venue": "NeurIPS",
        "year": 2021,
        "arxiv": "2104.13840",
    },
    "code": "Meituan-AutoML/Twins",
    "family": "self-attention",
    "place": "after",
    "aliases": ["twins-svt"],
    "related": ["lsa", "gsa", "locally-grouped-attention", "global-sub-sampled-attention"],
    "sized": "mode == 'global' and sr_ratio is None",
    "where": {
        "groups": "C // 32 if heads is None else heads",
        "padded": "ceil(H / window_size)*ceil(W / window_size)*window_size**2",
        "ratio": "1 if mode == 'local' else (8, 4, 2, 1)[stage(H, W)] if sr_ratio is None else sr_ratio",
        "keys": "(H // ratio)*(W // ratio)",
    },
    "params": "4*C*C + 4*C + (ratio**2*C*C + 3*C if ratio > 1 else 0)",
    "macs": (
        "padded*(3*C*C + 2*window_size**2*C) + N*C*C if mode == 'local'"
        " else 2*N*C*C + keys*(2*C*C + (ratio**2*C*C if ratio > 1 else 0)) + 2*N*keys*C"
    ),
    "limits": [
        ["mode in ('local', 'global')", "mode must be 'local' or 'global', not {mode}"],
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        [
            "heads is not None or C % 32 == 0",
            "without heads, channels must be a multiple of 32: heads are 32 wide",
        ],
        ["heads is None or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        ["window_size > 0", "window_size must be positive, not {window_size}"],
        ["sr_ratio is None or sr_ratio > 0", "sr_ratio must be positive, not {sr_ratio}"],
        ["min(H, W) >= ratio", "height and width must be at least the reduction = {ratio}"],
    ],
    "variants": {"global": {"mode": "global"}, "global-sr2": {"mode": "global", "sr_ratio": 2}},
    "deviations": [
        "Padded positions are not masked: they are keys and values like any other, made of the biases.",
        "Counts of the local mode include the padding, so they step up just past a multiple of the window.",
        "The global mode is PVT's spatial-reduction attention with heads of 32 (see pvt).",
        "Twins alternates the two; here each is measured alone.",
    ],
}


class TwinsAttention(nn.Module):
    """Attention of the Twins transformer: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map, needed in the global mode where sr_ratio is not given. mode: "local" or
    "global". window_size: M of the local mode. sr_ratio: R of the global mode. heads: unless given, C // 32.
    """

    def __init__(
        self,
        channels: int,
        *,
        height: int | None = None,
        width: int | None = None,
        mode: str = "local",
        window_size: int = 7,
        sr_ratio: int | None = None,
        heads: int | None = None,
    ) -> None:
        super().__init__()
        if mode == "local":
            sr_ratio = 1
        elif sr_ratio is None:
            if height is None or width is None:
                raise ValueError(
                    "the reduction follows from the map's size: give height and width, or sr_ratio"
                )
            sr_ratio = (8, 4, 2, 1)[stage(height, width)]
        self.mode, self.window = mode, window_size
        self.heads = channels // 32 if heads is None else heads
        self.query = nn.Linear(channels, channels)
        self.key_value = nn.Linear(channels, 2 * channels)
        self.reduce = (
            nn.Conv2d(channels, channels, sr_ratio, stride=sr_ratio) if sr_ratio > 1 else nn.Identity()
        )
        self.norm = nn.LayerNorm(channels) if sr_ratio > 1 else nn.Identity()
        self.project = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to its window, or to the reduced map."""
        height, width = x.shape[2:]
        if self.mode == "global":
            attended = self._attend(to_tokens(x), self.norm(to_tokens(self.reduce(x))))
        else:
            side = self.window
            padded = F.pad(x, (0, -width % side, 0, -height % side))
            tokens = to_tokens(to_windows(padded, side, side))
            windows = to_map(self._attend(tokens, tokens), side, side)
            attended = to_tokens(from_windows(windows, *padded.shape[2:])[:, :, :height, :width])
        return to_map(self.project(attended), height, width)

    def _attend(self, queries: torch.Tensor, keys: torch.Tensor) -> torch.Tensor:
        # (N, L, C) and (N, M, C) to (N, L, C).
        parts = (self.query(queries), *self.key_value(keys).chunk(2, dim=2))
        query, key, value = (split_heads(part, self.heads) for part in parts)
        return join_heads(F.scaled_dot_product_attention(query, key, value))

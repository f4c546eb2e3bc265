"""Lets every position attend to the positions in its window, with a learned bias for each relative offset.

    the map in windows of M x M that tile it; with a shift of s, first rolled by s up and s to the left
    [q, k, v] = linear(x)                       C channels each, in heads of d = C/heads
    logits = q_p . k_m / sqrt(d) + B[(row_p - row_m + M-1)*(2M-1) + col_p - col_m + M-1]    per head
             B: ((2M-1)^2, heads), learned; with a shift, -100 between positions of different regions:
             the rolled map's rows are cut at H-M and H-s into three, its columns at W-M and W-s
    y = linear(softmax over m of logits times v, heads side by side)    with bias; rolled back

Swin Transformer: Hierarchical Vision Transformer using Shifted Windows. Ze Liu et al.,
ICCV 2021, arXiv:2103.14030.
Official code: microsoft/Swin-Transformer.
"""

import torch
from torch import nn

from attnprof.modules._maps import (
    from_windows,
    join_heads,
    relative_index,
    split_heads,
    to_map,
    to_tokens,
    to_windows,
)

ENTRY = {
    "class": "WindowAttention",
    "name": "Swin window attention",
    "paper": {
        "title": "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows",
        "author": "Ze Liu",
        "venue": "ICCV",
        "year": 2021,
        "arxiv": "2103.14030",
    },
    "code": "microsoft/Swin-Transformer",
    "family": "self-attention",
    "place": "after",
    "aliases": ["swin-transformer", "window-attention", "w-msa", "swin-attention"],
    "related": ["sw-msa", "shifted-window"],
    "sized": "shift > 0",
    "where": {"groups": "C // 32 if heads is None else heads"},
    "params": "4*C*C + C + (2*window_size - 1)**2*groups + (3*C if qkv_bias else 0)",
    "macs": "N*(4*C*C + 2*window_size**2*C)",
    "limits": [
        ["window_size > 0", "window_size must be positive, not {window_size}"],
        [
            "0 <= shift < window_size",
            "shift must be from 0 to window_size - 1 = {window_size - 1}, not {shift}",
        ],
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        [
            "heads is not None or C % 32 == 0",
            "without heads, channels must be a multiple of 32: heads are 32 wide",
        ],
        ["heads is None or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        [
            "H % window_size == 0 and W % window_size == 0",
            "height and width must be multiples of the window = {window_size}",
        ],
    ],
    "variants": {"shifted": {"shift": 3}},
    "deviations": [
        "The shifted windows' mask is built for one map size; where the official code would run a larger map with a"
        " wrong mask, this refuses it. The plain windows take any multiple of the window.",
        "The mask adds -100, not minus infinity, so a trace of the other regions remains.",
        "As in the official block, a map with a side of at most one window is not shifted.",
        "The official block shrinks the window on maps smaller than it, and detection code pads; here they are refused.",
    ],
}


class WindowAttention(nn.Module):
    """Window attention of the Swin transformer: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map, needed with a shift. window_size: M. shift: s, 0 for plain windows.
    heads: unless given, C // 32. qkv_bias: biases in the first layer.
    """

    index: torch.Tensor
    mask: torch.Tensor | None

    def __init__(
        self,
        channels: int,
        *,
        height: int | None = None,
        width: int | None = None,
        window_size: int = 7,
        shift: int = 0,
        heads: int | None = None,
        qkv_bias: bool = True,
    ) -> None:
        super().__init__()
        self.heads = channels // 32 if heads is None else heads
        self.scale = (channels // self.heads) ** -0.5
        self.window, self.shift, self.size = window_size, shift, (height, width)
        self.qkv = nn.Linear(channels, 3 * channels, bias=qkv_bias)
        self.project = nn.Linear(channels, channels)
        self.relative_bias = nn.Parameter(torch.empty((2 * window_size - 1) ** 2, self.heads))
        nn.init.trunc_normal_(self.relative_bias, std=0.02)
        self.register_buffer("index", relative_index(window_size, window_size), persistent=False)
        mask = None
        if shift:
            if height is None or width is None:
                raise ValueError(
                    "the mask of shifted windows is built for one map size: give height and width"
                )
            if min(height, width) > window_size:
                mask = _mask(height, width, window_size, shift)
            else:
                self.shift = 0
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to its window."""
        height, width = x.shape[2:]
        side, shift = self.window, self.shift
        if self.mask is not None and (height, width) != self.size:
            raise ValueError(f"built for maps of {self.size}, this one has {(height, width)}")
        if shift:
            x = x.roll((-shift, -shift), (2, 3))
        parts = self.qkv(to_tokens(to_windows(x, side, side))).chunk(3, dim=2)
        query, key, value = (split_heads(part, self.heads) for part in parts)  # (N*windows, heads, M*M, d)
        logits = (query * self.scale) @ key.transpose(2, 3) + self.relative_bias[self.index].permute(2, 0, 1)
        if self.mask is not None:
            # (windows, 1, M*M, M*M) to every image: the windows of one image are consecutive.
            logits = (logits.unflatten(0, (-1, self.mask.shape[0])) + self.mask[:, None]).flatten(0, 1)
        windows = to_map(self.project(join_heads(logits.softmax(dim=3) @ value)), side, side)
        y = from_windows(windows, height, width)
        return y.roll((shift, shift), (2, 3)) if shift else y


def _mask(height: int, width: int, window: int, shift: int) -> torch.Tensor:
    # (windows, M*M, M*M): -100 between positions whose regions of the rolled map differ, 0 elsewhere.
    rows, columns = torch.arange(height)[:, None], torch.arange(width)
    row_region = (rows >= height - window).long() + (rows >= height - shift)
    column_region = (columns >= width - window).long() + (columns >= width - shift)
    regions = to_windows((3 * row_region + column_region)[None, None], window, window).flatten(1)
    return -100.0 * (regions[:, :, None] != regions[:, None, :]).to(torch.get_default_dtype())

"""Attends head by head in windows: each head sees its share of the channels plus what the head before it gave.

    the map padded with zeros at the right and the bottom to multiples of M, in windows of M x M that tile it
    x_1 ... x_h = C/h channels of x each;       u_1 = x_1,  u_i = x_i + o_(i-1)
    [q, k, v] = BN(conv1x1(u_i))                d, d and C/h channels; this and the next layer without bias
    q = BN(depthwise conv k_i x k_i (q))        k = 7, 5, 3, 3 by head
    o_i = softmax over m of (q_p . k_m / sqrt(d) + B_i[|row_p - row_m|*M + |col_p - col_m|]) times v
    y = x + BN(conv1x1(relu([o_1, ..., o_h])))  the padding cut off before the sum

B: (heads, M*M), learned, 0 at first; the last BN's weight is 0 at first, so a fresh module gives back its input.

EfficientViT: Memory Efficient Vision Transformer with Cascaded Group Attention. Xinyu Liu et al.,
CVPR 2023, arXiv:2305.07027.
Official code: microsoft/Cream; ported as in timm.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import from_windows, join_heads, split_heads, to_map, to_tokens, to_windows

ENTRY = {
    "class": "CascadedGroupAttention",
    "name": "Cascaded group attention",
    "paper": {
        "title": "EfficientViT: Memory Efficient Vision Transformer with Cascaded Group Attention",
        "author": "Xinyu Liu",
        "venue": "CVPR",
        "year": 2023,
        "arxiv": "2305.07027",
    },
    "code": "microsoft/Cream",
    "family": "self-attention",
    "place": "after",
    "aliases": ["cascaded-group-attention", "efficientvit-m", "efficientvit-msra", "local-window-attention"],
    "where": {
        "each": "C // heads",
        "taps": "(49, 74, 83, 92)[heads - 1] if kernel_size is None else heads*kernel_size**2",
        "padded": "ceil(H / window_size)*ceil(W / window_size)*window_size**2",
    },
    "params": (
        "C*(2*key_channels + each) + 6*heads*key_channels + 2*C + taps*key_channels + C*C + 2*C"
        " + heads*window_size**2"
    ),
    "macs": (
        "padded*(C*(2*key_channels + each) + taps*key_channels"
        " + window_size**2*(heads*key_channels + C) + C*C)"
    ),
    "limits": [
        ["heads > 0", "heads must be positive, not {heads}"],
        [
            "kernel_size is not None or heads <= 4",
            "more than 4 heads need a kernel_size: 7, 5, 3 and 3 are those of four",
        ],
        ["C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        ["key_channels > 0", "key_channels must be positive, not {key_channels}"],
        [
            "kernel_size is None or kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["window_size > 0", "window_size must be positive, not {window_size}"],
        ["min(H, W) >= window_size", "the map must be at least one window, {window_size}x{window_size}"],
        ["not train or batch*padded > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "variants": {"k5": {"kernel_size": 5}},
    "deviations": [
        "Defaults are EfficientViT-M4's, whose three stages all have four heads; M3 has kernels of 5 (variant k5).",
        "The residual is part of it: the last BatchNorm's weight starts at 0, and without x a fresh module would give zeros.",
        "Padded positions are not masked; they are keys and values like any other. Counts include them.",
        "The official code shrinks the window on maps smaller than it; here they are refused.",
        "The block's depthwise convolutions and feed-forward parts around it are left out.",
    ],
}


class CascadedGroupAttention(nn.Module):
    """Cascaded group attention in windows: (N, C, H, W) to the same shape.

    channels: C. heads: h. key_channels: d. kernel_size: of the queries' depthwise convolutions; unless given, 7, 5, 3
    and 3 by head. window_size: M.
    """

    index: torch.Tensor

    def __init__(
        self,
        channels: int,
        *,
        heads: int = 4,
        key_channels: int = 16,
        kernel_size: int | None = None,
        window_size: int = 7,
    ) -> None:
        super().__init__()
        each = channels // heads
        kernels = (7, 5, 3, 3)[:heads] if kernel_size is None else (kernel_size,) * heads
        self.window, self.widths = window_size, (key_channels, key_channels, each)
        self.qkv = nn.ModuleList(_conv(each, 2 * key_channels + each) for _ in range(heads))
        self.query = nn.ModuleList(
            _conv(key_channels, key_channels, kernel, groups=key_channels) for kernel in kernels
        )
        self.bias = nn.Parameter(torch.zeros(heads, window_size**2))
        self.register_buffer("index", _distances(window_size), persistent=False)
        self.project = _conv(channels, channels, scale=0.0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add to x (N, C, H, W) what its windows attend to."""
        height, width = x.shape[2:]
        padded = F.pad(x, (0, -width % self.window, 0, -height % self.window))
        mixed = self.project(self._attend(to_windows(padded, self.window, self.window)).relu())
        return x + from_windows(mixed, *padded.shape[2:])[:, :, :height, :width]

    def _attend(self, windows: torch.Tensor) -> torch.Tensor:
        # (windows, C, M, M) to the same shape.
        output: torch.Tensor | float = 0.0
        outputs = []
        bias = self.bias[:, self.index]
        for head, part in enumerate(windows.chunk(len(self.qkv), dim=1)):
            query, key, value = self.qkv[head](part + output).split(self.widths, dim=1)
            parts = (self.query[head](query), key, value)
            query, key, value = (split_heads(to_tokens(t), 1) for t in parts)
            attended = F.scaled_dot_product_attention(query, key, value, attn_mask=bias[head])
            output = to_map(join_heads(attended), self.window, self.window)
            outputs.append(output)
        return torch.cat(outputs, dim=1)


def _conv(
    inputs: int, outputs: int, kernel: int = 1, *, groups: int = 1, scale: float = 1.0
) -> nn.Sequential:
    # scale: of the norm's weight at first.
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
    norm = nn.BatchNorm2d(outputs)
    nn.init.constant_(norm.weight, scale)
    return nn.Sequential(OrderedDict(conv=conv, norm=norm))


def _distances(side: int) -> torch.Tensor:
    # (M*M, M*M) indices of B: rows apart * M + columns apart.
    places = [divmod(place, side) for place in range(side * side)]
    return torch.tensor(
        [[abs(r - row) * side + abs(c - column) for row, column in places] for r, c in places]
    )

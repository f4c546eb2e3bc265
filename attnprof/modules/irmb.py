"""Mixes windows by attention and neighbours by a depthwise convolution, inside an inverted residual.

    u = LayerNorm over C of x (norm "batch": BN)            eps 1e-6
    u padded with zeros at the right and the bottom to multiples of M; windows of M x M positions, which lie
      ceil(H/M) rows and ceil(W/M) columns apart, so that each window reaches over the whole map
    [q, k] = conv1x1(u)                         C channels each, in heads of d channels
    A = softmax over m of q_p . k_m / sqrt(d)   within a window, per head
    a = gelu(conv1x1(A u))                      int(C*expansion) channels; the padding cut off
        early=False: a = A gelu(conv1x1(u)), a head's values int(C*expansion)/heads wide
    b = a + silu(BN(depthwise conv k x k (a)))  BN's eps 1e-6
    y = x + conv1x1(b)                          (C, H, W); no bias here and in the depthwise convolution

Rethinking Mobile Block for Efficient Attention-based Models. Jiangning Zhang et al., ICCV 2023, arXiv:2301.01146.
Official code: zhangzjn/EMO.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import from_grids, join_heads, split_heads, to_grids, to_map, to_tokens

ENTRY = {
    "class": "IRMB",
    "name": "iRMB: inverted residual mobile block",
    "paper": {
        "title": "Rethinking Mobile Block for Efficient Attention-based Models",
        "author": "Jiangning Zhang",
        "venue": "ICCV",
        "year": 2023,
        "arxiv": "2301.01146",
    },
    "code": "zhangzjn/EMO",
    "family": "self-attention",
    "place": "after",
    "aliases": ["emo", "inverted-residual-mobile-block", "i-rmb"],
    "where": {
        "wide": "int(C*expansion)",
        "groups": "C // head_channels",
        "padded": "ceil(H / window_size)*ceil(W / window_size)*window_size**2",
    },
    "params": "2*C + 2*C*C + 2*C*wide + wide*(kernel_size**2 + 2) + (2*C + wide if bias else 0)",
    "macs": (
        "padded*(2*C*C + C*wide + window_size**2*(2*C if early else C + wide)) + N*wide*(C + kernel_size**2)"
    ),
    "limits": [
        ["head_channels > 0", "head_channels must be positive, not {head_channels}"],
        ["C % head_channels == 0", "channels must be a multiple of the head_channels = {head_channels}"],
        [
            "wide > 0 and (early or wide % groups == 0)",
            "the channels inside = {wide} must be a multiple of the heads = {groups}",
        ],
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["window_size > 0", "window_size must be positive, not {window_size}"],
        ["norm in ('layer', 'batch')", "norm must be 'layer' or 'batch', not {norm}"],
        ["activation in ('gelu', 'relu')", "activation must be 'gelu' or 'relu', not {activation}"],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "variants": {
        "class": {
            "expansion": 1.0,
            "kernel_size": 3,
            "head_channels": 64,
            "bias": False,
            "norm": "batch",
            "activation": "relu",
            "early": False,
        },
    },
    "deviations": [
        "Defaults are those of EMO-5M's two stages that attend; variant class has the class's own.",
        "The paper speaks of windows; in the official code their positions lie apart, as in a grid attention.",
        "Padded positions are not masked: they are keys and values like any other, made of the biases.",
        "Counts include the padding, so they step up just past a multiple of the window.",
        "Its forms without attention, with squeeze and excitation, and with a stride are left out, as is dropped depth.",
    ],
}


class IRMB(nn.Module):
    """Inverted residual mobile block: (N, C, H, W) to the same shape.

    channels: C. expansion: the width inside over C. head_channels: d. window_size: M. kernel_size: k. bias: in the
    convolutions for queries, keys and values. norm: "layer" or "batch". activation: of the values, "gelu" or "relu".
    early: attention comes before the values' convolution.
    """

    def __init__(
        self,
        channels: int,
        *,
        expansion: float = 4.0,
        head_channels: int = 32,
        window_size: int = 7,
        kernel_size: int = 5,
        bias: bool = True,
        norm: str = "layer",
        activation: str = "gelu",
        early: bool = True,
    ) -> None:
        super().__init__()
        wide = int(channels * expansion)
        self.heads, self.window, self.early = channels // head_channels, window_size, early
        self.norm = _ChannelNorm(channels) if norm == "layer" else nn.BatchNorm2d(channels, eps=1e-6)
        self.query_key = nn.Conv2d(channels, 2 * channels, 1, bias=bias)
        self.value = nn.Sequential(
            nn.Conv2d(channels, wide, 1, bias=bias), nn.GELU() if activation == "gelu" else nn.ReLU()
        )
        self.local = nn.Sequential(
            nn.Conv2d(wide, wide, kernel_size, padding=kernel_size // 2, groups=wide, bias=False),
            nn.BatchNorm2d(wide, eps=1e-6),
            nn.SiLU(),
        )
        self.project = nn.Conv2d(wide, channels, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add to x (N, C, H, W) its windows and neighbours, mixed."""
        height, width = x.shape[2:]
        padded = F.pad(self.norm(x), (0, -width % self.window, 0, -height % self.window))
        attended = from_grids(self._attend(to_grids(padded, self.window)), *padded.shape[2:])
        inside = attended[:, :, :height, :width]
        y: torch.Tensor = x + self.project(inside + self.local(inside))
        return y

    def _attend(self, windows: torch.Tensor) -> torch.Tensor:
        # (windows, C, M, M) to (windows, int(C*expansion), M, M).
        size = windows.shape[2:]
        values = windows if self.early else self.value(windows)
        query, key = self.query_key(windows).chunk(2, dim=1)
        query, key, values = (split_heads(to_tokens(part), self.heads) for part in (query, key, values))
        mixed = to_map(join_heads(F.scaled_dot_product_attention(query, key, values)), *size)
        attended: torch.Tensor = self.value(mixed) if self.early else mixed
        return attended


class _ChannelNorm(nn.LayerNorm):
    # LayerNorm over the channels of (N, C, H, W).
    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)

"""What the YOLO detectors' attention modules share: their convolution, their attention, and a block of both."""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn


def conv(
    inputs: int, outputs: int, kernel: int = 1, *, groups: int = 1, activation: bool = False
) -> nn.Sequential:
    """A convolution without bias that keeps the map's size, BatchNorm, and SiLU where asked for."""
    convolution = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=False)
    layers: OrderedDict[str, nn.Module] = OrderedDict(conv=convolution, norm=nn.BatchNorm2d(outputs))
    if activation:
        layers["act"] = nn.SiLU()
    return nn.Sequential(layers)


class AreaAttention(nn.Module):
    """Attention between the positions of an area, with a convolution of the values: (N, C, H, W) to the same shape.

    channels: C. heads: each of C/heads channels. attn_ratio: width of a head's queries and keys as a share of these.
    kernel_size: of the depthwise convolution. area: equal parts of the positions, row by row, that attend separately.
    """

    def __init__(self, channels: int, heads: int, attn_ratio: float, kernel_size: int, area: int) -> None:
        super().__init__()
        width = channels // heads
        keys = int(width * attn_ratio)
        self.heads, self.widths, self.area = heads, (keys, keys, width), area
        self.qkv = conv(channels, channels + 2 * keys * heads)
        self.local = conv(channels, channels, kernel_size, groups=channels)
        self.project = conv(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to those of its area."""
        qkv = self.qkv(x).flatten(2).unflatten(1, (self.heads, -1))
        query, key, value = qkv.split(self.widths, dim=2)  # (N, heads, channels, H*W)
        parts = (
            t.unflatten(3, (self.area, -1)).permute(0, 3, 1, 4, 2).flatten(0, 1) for t in (query, key, value)
        )
        attended = F.scaled_dot_product_attention(*parts)  # (N*area, heads, positions of the area, d)
        areas = attended.reshape(x.shape[0], self.area, self.heads, -1, self.widths[2])
        joined = areas.permute(0, 2, 4, 1, 3).reshape(x.shape)
        y: torch.Tensor = self.project(joined + self.local(value.reshape(x.shape)))
        return y


class AttentionMLP(nn.Module):
    """Attention and a feed-forward part, each added to its input: (N, C, H, W) to the same shape.

    channels: C. hidden: width of the feed-forward part.
    """

    def __init__(self, channels: int, attention: AreaAttention, hidden: int) -> None:
        super().__init__()
        self.attention = attention
        self.widen = conv(channels, hidden, activation=True)
        self.narrow = conv(hidden, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add to x (N, C, H, W) its attention, then the feed-forward part of that."""
        x = x + self.attention(x)
        y: torch.Tensor = x + self.narrow(self.widen(x))
        return y

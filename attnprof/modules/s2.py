"""Shifts quarters of the channels by a pixel in four directions, in two orders, and mixes in a third branch.

    [t1, t2, t3] = linear(x)                    C channels each, with bias
    quarters: channels up to C//4, C//2, 3*C//4, C; at the border a shifted quarter keeps its own values
    t1: rows down, rows up, columns right, columns left        by one pixel each
    t2: columns right, columns left, rows down, rows up
    a = sum over the three and over H, W        (C)
    w = softmax over the three of linear(GELU(linear(a)))      C to C to 3C: 3 x C; no bias
    y = linear(sum over i of w_i * t_i)         with bias

S^2-MLPv2: Improved Spatial-Shift MLP Architecture for Vision. Tan Yu et al., arXiv 2021, arXiv:2108.01072.
Official code: none found; ported as in xmu-xiaoma666/External-Attention-pytorch, repaired.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import to_map, to_tokens

ENTRY = {
    "class": "S2Attention",
    "name": "S2 attention",
    "paper": {
        "title": "S^2-MLPv2: Improved Spatial-Shift MLP Architecture for Vision",
        "author": "Tan Yu",
        "venue": "arXiv",
        "year": 2021,
        "arxiv": "2108.01072",
    },
    "code": "",
    "family": "branch",
    "place": "after",
    "aliases": ["s2-attention", "s2attention", "s2-mlp", "s2-mlpv2", "spatial-shift"],
    "params": "8*C*C + 4*C",
    "macs": "4*N*C*C + 4*C*C",
    "deviations": [
        "The popular port shifts in place, over slices that overlap: its result depends on the threads. Here the"
        " shifts read the map as it was.",
        "The port's mixing layers are always built for 512 channels; here they follow the channels.",
        "The channels are described by the sum over the positions, not the mean: larger maps, sharper weights.",
    ],
}

DOWN, UP, RIGHT, LEFT = (2, 1), (2, -1), (3, 1), (3, -1)


class S2Attention(nn.Module):
    """S2 attention: (N, C, H, W) to the same shape. channels: C."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.expand = nn.Linear(channels, 3 * channels)
        self.squeeze = nn.Linear(channels, channels, bias=False)
        self.weights = nn.Linear(channels, 3 * channels, bias=False)
        self.project = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shift and mix the channels of x (N, C, H, W)."""
        height, width = x.shape[2:]
        first, second, third = to_map(self.expand(to_tokens(x)), height, width).chunk(3, dim=1)
        first = _shifted(first, (DOWN, UP, RIGHT, LEFT))
        second = _shifted(second, (RIGHT, LEFT, DOWN, UP))
        branches = torch.stack((first, second, third), dim=1)  # (N, 3, C, H, W)
        description = branches.sum(dim=(1, 3, 4))
        weights = self.weights(F.gelu(self.squeeze(description))).unflatten(1, (3, -1)).softmax(dim=1)
        mixed = (weights[..., None, None] * branches).sum(dim=1)
        return to_map(self.project(to_tokens(mixed)), height, width)


def _shifted(x: torch.Tensor, directions: tuple[tuple[int, int], ...]) -> torch.Tensor:
    # Each quarter of the channels of x (N, C, H, W) one pixel along its (dimension, step).
    c = x.shape[1]
    bounds = (0, c // 4, c // 2, 3 * c // 4, c)
    quarters = zip(bounds, bounds[1:], directions, strict=False)
    return torch.cat([_moved(x[:, low:high], *direction) for low, high, direction in quarters], dim=1)


def _moved(x: torch.Tensor, dimension: int, step: int) -> torch.Tensor:
    length = x.shape[dimension]
    if step > 0:
        parts = (x.narrow(dimension, 0, 1), x.narrow(dimension, 0, length - 1))
    else:
        parts = (x.narrow(dimension, 1, length - 1), x.narrow(dimension, length - 1, 1))
    return torch.cat(parts, dim=dimension)

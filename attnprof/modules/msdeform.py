"""Lets each position gather a few values around itself, at places and with weights that it predicts.

    v = linear(x)                               C channels, in heads of d = C/heads
    offset = linear(x)                          a column and a row for each head and point, in pixels
    weight = softmax over a head's points of linear(x)
    out_p = sum over points of weight * v(p + offset)           per head; bilinear, 0 outside the map
    y = linear(out, heads side by side)         every linear with bias

A fresh head h looks along the angle 2 pi h/heads: its point j = 1, 2, ... lies at j times the direction, whose larger
coordinate is 1; weights are equal.

Deformable DETR: Deformable Transformers for End-to-End Object Detection. Xizhou Zhu et al.,
ICLR 2021, arXiv:2010.04159.
Official code: fundamentalvision/Deformable-DETR.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import to_map, to_tokens

ENTRY = {
    "class": "MultiScaleDeformableAttention",
    "name": "Deformable attention of Deformable DETR",
    "paper": {
        "title": "Deformable DETR: Deformable Transformers for End-to-End Object Detection",
        "author": "Xizhou Zhu",
        "venue": "ICLR",
        "year": 2021,
        "arxiv": "2010.04159",
    },
    "code": "fundamentalvision/Deformable-DETR",
    "family": "self-attention",
    "place": "after",
    "aliases": ["deformable-detr", "ms-deform-attn", "msdeformattn", "multi-scale-deformable-attention"],
    "params": "2*C*C + 2*C + 3*heads*points*(C + 1)",
    "macs": "N*(2*C*C + 3*heads*points*C)",
    "limits": [
        ["heads > 0", "heads must be positive, not {heads}"],
        ["C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        ["points > 0", "points must be positive, not {points}"],
    ],
    "deviations": [
        "One level: the map attends to itself. The official module has four maps, with points in each.",
        "Queries have no position encoding, which the official encoder adds before this module.",
        "The weighted sum of the samples is element by element, as in the official code without its kernel, and so no"
        " multiply-accumulate; nor is the sampling.",
    ],
}


class MultiScaleDeformableAttention(nn.Module):
    """Deformable attention in one map: (N, C, H, W) to the same shape.

    channels: C. heads: of C/heads channels. points: samples of each head.
    """

    def __init__(self, channels: int, *, heads: int = 8, points: int = 4) -> None:
        super().__init__()
        self.heads, self.points = heads, points
        self.offset = nn.Linear(channels, heads * points * 2)
        self.weight = nn.Linear(channels, heads * points)
        self.value = nn.Linear(channels, channels)
        self.project = nn.Linear(channels, channels)
        for layer in (self.offset, self.weight):
            nn.init.zeros_(layer.weight)
        for layer in (self.value, self.project):
            nn.init.xavier_uniform_(layer.weight)
        for layer in (self.weight, self.value, self.project):
            nn.init.zeros_(layer.bias)
        with torch.no_grad():
            self.offset.bias.copy_(_directions(heads, points))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) gather around itself."""
        n, _, height, width = x.shape
        tokens = to_tokens(x)
        value = to_map(self.value(tokens), height, width).reshape(n * self.heads, -1, height, width)
        offset = self.offset(tokens).view(n, height * width, self.heads, self.points, 2)
        weight = self.weight(tokens).view(n, height * width, self.heads, self.points).softmax(dim=3)
        grid = self._grid(offset, height, width)  # (N*heads, H*W, points, 2)
        sampled = F.grid_sample(value, grid, align_corners=False)  # (N*heads, d, H*W, points)
        weights = weight.transpose(1, 2).flatten(0, 1)[:, None]
        gathered = (sampled * weights).sum(dim=3).view(n, -1, height * width)
        return to_map(self.project(gathered.transpose(1, 2)), height, width)

    def _grid(self, offset: torch.Tensor, height: int, width: int) -> torch.Tensor:
        # Positions moved by (N, H*W, heads, points, 2) offsets, as grid_sample takes them: (column, row), from -1 to 1
        # between the map's outer edges.
        rows = torch.arange(height, dtype=offset.dtype, device=offset.device).repeat_interleave(width)
        columns = torch.arange(width, dtype=offset.dtype, device=offset.device).repeat(height)
        across = (2 * (columns[:, None, None] + offset[..., 0]) + 1) / width - 1
        down = (2 * (rows[:, None, None] + offset[..., 1]) + 1) / height - 1
        return torch.stack((across, down), dim=-1).transpose(1, 2).flatten(0, 1)


def _directions(heads: int, points: int) -> torch.Tensor:
    # (heads*points*2): the fresh offsets.
    angle = torch.arange(heads, dtype=torch.get_default_dtype()) * (2 * math.pi / heads)
    direction = torch.stack((angle.cos(), angle.sin()), dim=-1)
    direction = direction / direction.abs().amax(dim=-1, keepdim=True)
    distance = torch.arange(1, points + 1, dtype=angle.dtype)
    return (direction[:, None] * distance[:, None]).flatten()

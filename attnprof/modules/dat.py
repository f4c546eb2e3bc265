"""Attends to a few points that an offset network moves over the map, sampled bilinearly.

    q = conv1x1(x)                              C channels, in heads of d = C/heads; offsets in G groups
    offset = conv1x1(GELU(LayerNorm(depthwise conv k x k, stride s (q))))   a row and a column for each
             padding k//2, none where k = s; conv1x1 without bias           of h x w = M points; one network
                                                                            for all groups
    ref_ij = (2(i + 0.5)/(h-1) - 1, 2(j + 0.5)/(w-1) - 1)                       rows and columns from -1 to 1
    pos = clamp(ref + offset, -1, 1);  offset_range r >= 0: pos = ref + r tanh(offset) / (h-1, w-1)
    z = x sampled at pos, per group;  k, v = conv1x1(z), conv1x1(z)
    logits = q_p . k_m / sqrt(d) + T sampled at (grid_p - pos_m)/2         T: (heads, 2H-1, 2W-1), learned
             grid_p = (2 row/(H-1) - 1, 2 column/(W-1) - 1); sampling bilinear, corners aligned, else 0
    y = conv1x1(softmax over m of logits times v, heads side by side)           with bias, unless said

By stage, for maps of about 56, 28, 14 and 7 pixels: G is 1, 2, 4, 8, s is 8, 4, 2, 1, k is 9, 7, 5, 3.

Vision Transformer with Deformable Attention. Zhuofan Xia et al., CVPR 2022, arXiv:2201.00520.
Official code: LeapLabTHU/DAT (DAT++, arXiv:2309.01430).
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.catalogue.formula import stage

ENTRY = {
    "class": "DeformableAttention",
    "name": "Deformable attention",
    "paper": {
        "title": "Vision Transformer with Deformable Attention",
        "author": "Zhuofan Xia",
        "venue": "CVPR",
        "year": 2022,
        "arxiv": "2201.00520",
    },
    "code": "LeapLabTHU/DAT",
    "family": "self-attention",
    "place": "after",
    "aliases": ["deformable-attention", "dattention", "dat-plus-plus"],
    "where": {
        "split": "C // 32 if heads is None else heads",
        "shared": "min(split, (1, 2, 4, 8)[stage(H, W)]) if groups is None else groups",
        "step": "(8, 4, 2, 1)[stage(H, W)] if stride is None else stride",
        "kernel": "(9, 7, 5, 3)[stage(H, W)] if kernel_size is None else kernel_size",
        "margin": "0 if kernel == step else kernel // 2",
        "rows": "(H + 2*margin - kernel)//step + 1",
        "columns": "(W + 2*margin - kernel)//step + 1",
        "points": "rows*columns",
    },
    "params": "4*C*C + 4*C + (C // shared)*(kernel**2 + 5) + split*(2*H - 1)*(2*W - 1)",
    "macs": "2*N*C*C + points*(2*C*C + kernel**2*C + 2*C) + 2*N*points*C",
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        [
            "heads is not None or C % 32 == 0",
            "without heads, channels must be a multiple of 32: heads are 32 wide",
        ],
        ["heads is None or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        ["groups is None or groups > 0", "groups must be positive, not {groups}"],
        ["split % shared == 0", "the heads = {split} must be a multiple of the groups = {shared}"],
        ["stride is None or stride > 0", "stride must be positive, not {stride}"],
        ["kernel_size is None or kernel_size > 0", "kernel_size must be positive, not {kernel_size}"],
        ["min(H, W) >= 2", "height and width must be at least 2: positions are spread between two borders"],
        [
            "min(rows, columns) >= 2",
            "the offset network must leave at least 2x2 points, not {rows}x{columns}",
        ],
    ],
    "variants": {"stride2": {"stride": 2, "kernel_size": 5}, "no-clamp": {"offset_range": 2.0}},
    "deviations": [
        "Follows the authors' DAT++ code with its bias table; its other position codings are left out.",
        "The groups are those of the stage, but never more than the heads, so that narrow modules work at late stages.",
        "The table is built for one map size; the official code resamples it for others, here they are refused.",
        "The reference points overshoot 1 at the lower and right border; the clamp brings them back.",
        "Sampling, of the features and of one bias per query and point, is no multiply-accumulate here.",
    ],
}


class _ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of each position of (N, C, H, W)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise x (N, C, H, W)."""
        y: torch.Tensor = super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return y


class DeformableAttention(nn.Module):
    """Deformable attention of DAT: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map. heads: unless given, C // 32. groups, stride, kernel_size: of the offset
    network, unless given by stage. offset_range: r; negative for free offsets that are clamped to the map.
    """

    def __init__(
        self,
        channels: int,
        *,
        height: int,
        width: int,
        heads: int | None = None,
        groups: int | None = None,
        stride: int | None = None,
        kernel_size: int | None = None,
        offset_range: float = -1.0,
    ) -> None:
        super().__init__()
        level = stage(height, width)
        self.heads = channels // 32 if heads is None else heads
        self.groups = min(self.heads, (1, 2, 4, 8)[level]) if groups is None else groups
        step = (8, 4, 2, 1)[level] if stride is None else stride
        kernel = (9, 7, 5, 3)[level] if kernel_size is None else kernel_size
        self.offset_range, self.size = offset_range, (height, width)
        inner = channels // self.groups
        self.query = nn.Conv2d(channels, channels, 1)
        self.key = nn.Conv2d(channels, channels, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.project = nn.Conv2d(channels, channels, 1)
        margin = 0 if kernel == step else kernel // 2
        self.offset_conv = nn.Conv2d(inner, inner, kernel, stride=step, padding=margin, groups=inner)
        self.offset_norm = _ChannelNorm(inner)
        self.offset_project = nn.Conv2d(inner, 2, 1, bias=False)
        self.bias_table = nn.Parameter(torch.empty(self.heads, 2 * height - 1, 2 * width - 1))
        nn.init.trunc_normal_(self.bias_table, std=0.01)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to the points."""
        n, channels, height, width = x.shape
        if (height, width) != self.size:
            raise ValueError(f"built for maps of {self.size}, this one has {(height, width)}")
        query = self.query(x)
        points = self._points(query.reshape(n * self.groups, -1, height, width))  # (N*G, h, w, 2)
        sampled = _sample(x.reshape(n * self.groups, -1, height, width), points).reshape(
            n, channels, *points.shape[1:3]
        )
        queries, keys, values = (
            part.reshape(n * self.heads, channels // self.heads, -1)
            for part in (query, self.key(sampled), self.value(sampled))
        )
        logits = (queries * queries.shape[1] ** -0.5).transpose(1, 2) @ keys + self._bias(points)
        attended = values @ logits.softmax(dim=2).transpose(1, 2)
        y: torch.Tensor = self.project(attended.reshape(x.shape))
        return y

    def _points(self, query: torch.Tensor) -> torch.Tensor:
        offset = self.offset_project(F.gelu(self.offset_norm(self.offset_conv(query)))).permute(0, 2, 3, 1)
        numbers = [torch.arange(side, dtype=offset.dtype, device=offset.device) for side in offset.shape[1:3]]
        reference = _grid(*(2 * (n + 0.5) / (len(n) - 1) - 1 for n in numbers))
        if self.offset_range < 0:
            points: torch.Tensor = (reference + offset).clamp(-1, 1)
        else:
            sides = torch.stack([n[-1] for n in numbers])  # no number of the host, for which a GPU would wait
            points = reference + offset.tanh() * self.offset_range / sides
        return points

    def _bias(self, points: torch.Tensor) -> torch.Tensor:
        # One value per head, query and point: (N*heads, H*W, M).
        height, width = self.size
        numbers = (torch.arange(side, dtype=points.dtype, device=points.device) for side in self.size)
        grid = _grid(*(2 * n / (len(n) - 1) - 1 for n in numbers))
        between = grid.reshape(1, -1, 1, 2) - points.flatten(1, 2)[:, None]
        images = points.shape[0] // self.groups
        table = self.bias_table.expand(images, -1, -1, -1).reshape(
            points.shape[0], -1, 2 * height - 1, 2 * width - 1
        )
        return _sample(table, between / 2).flatten(0, 1)


def _grid(rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    # (h) and (w) to the pairs (h, w, 2).
    return torch.stack(torch.meshgrid(rows, columns, indexing="ij"), dim=2)


def _sample(maps: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    # grid_sample takes (column, row), points are (row, column).
    return F.grid_sample(maps, points.flip(-1), mode="bilinear", align_corners=True)

"""Gives every position the weights by which its neighbours mix among themselves, predicted from it alone.

    v = linear(x)                               (C, H, W), no bias; in heads of d = C/heads
    at every s-th position, L = ceil(H/s)*ceil(W/s): V = its k x k neighbourhood of v, zeros outside, k*k x d
    A = linear(average pool of x by s)          heads times k*k x k*k, with bias; the pool's last cells: cut
    out = (softmax over the last axis of A / sqrt(d)) V         row: position in the patch, column: neighbour
    y = linear(sum of the patches where they overlap)           with bias

VOLO: Vision Outlooker for Visual Recognition. Li Yuan et al., TPAMI 2022, arXiv:2106.13112.
Official code: sail-sg/volo.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import to_map, to_tokens

ENTRY = {
    "class": "OutlookAttention",
    "name": "Outlook attention",
    "paper": {
        "title": "VOLO: Vision Outlooker for Visual Recognition",
        "author": "Li Yuan",
        "venue": "TPAMI",
        "year": 2022,
        "arxiv": "2106.13112",
    },
    "code": "sail-sg/volo",
    "family": "self-attention",
    "place": "replace",
    "aliases": ["outlook-attention", "outlooker", "volo"],
    "where": {
        "groups": "C // 32 if heads is None else heads",
        "locations": "ceil(H / stride)*ceil(W / stride)",
    },
    "params": "2*C*C + C + (C if qkv_bias else 0) + kernel_size**4*groups*(C + 1)",
    "macs": "2*N*C*C + locations*kernel_size**4*(groups*C + C)",
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        [
            "heads is not None or C % 32 == 0",
            "without heads, channels must be a multiple of 32: heads are 32 wide",
        ],
        ["heads is None or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["stride > 0", "stride must be positive, not {stride}"],
    ],
    "variants": {"stride2": {"stride": 2}, "xmu-xiaoma666": {"heads": 1}},
    "deviations": [
        "No query meets a key: the weights come from a linear layer of the centre alone.",
        "Overlapping patches are summed, not averaged: an inner position gets k*k contributions at stride 1.",
        "VOLO's first stage uses stride 2 (variant stride2); the official class's default is 1.",
        "xmu-xiaoma666's port has one head (variant xmu-xiaoma666).",
        "Cutting the patches out and summing them up moves k*k times the map, and no count of MACs shows it.",
    ],
}


class OutlookAttention(nn.Module):
    """Outlook attention of VOLO: (N, C, H, W) to the same shape.

    channels: C. kernel_size: k. stride: s, distance of the patches. heads: unless given, C // 32.
    qkv_bias: a bias in the layer that gives the values.
    """

    def __init__(
        self,
        channels: int,
        *,
        kernel_size: int = 3,
        stride: int = 1,
        heads: int | None = None,
        qkv_bias: bool = False,
    ) -> None:
        super().__init__()
        self.heads = channels // 32 if heads is None else heads
        self.kernel, self.stride, self.scale = kernel_size, stride, (channels // self.heads) ** -0.5
        self.value = nn.Linear(channels, channels, bias=qkv_bias)
        self.pool = nn.AvgPool2d(stride, ceil_mode=True)
        self.weights = nn.Linear(channels, kernel_size**4 * self.heads)
        self.project = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Mix the neighbours of each position of x (N, C, H, W)."""
        height, width = x.shape[2:]
        area, padding = self.kernel**2, self.kernel // 2
        values = to_map(self.value(to_tokens(x)), height, width)
        patches = F.unfold(values, self.kernel, padding=padding, stride=self.stride)  # (N, C*k*k, L)
        patches = patches.view(x.shape[0], self.heads, -1, area, patches.shape[2]).permute(0, 1, 4, 3, 2)
        logits = self.weights(to_tokens(self.pool(x))).unflatten(2, (self.heads, area, area)).transpose(1, 2)
        mixed = (logits * self.scale).softmax(dim=4) @ patches
        columns = mixed.permute(0, 1, 4, 3, 2).flatten(1, 3)
        y = F.fold(columns, (height, width), self.kernel, padding=padding, stride=self.stride)
        return to_map(self.project(to_tokens(y)), height, width)

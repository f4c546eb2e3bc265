"""Attends along each column, then along each row, with relative positions that queries, keys and values all see.

Along one axis of length S, every line of the map by itself, in g groups:

    [q, k, v] = BN(conv1x1(t))                  per group C/2g, C/2g and C/g channels; no bias
    R: (2C/g) x (2S-1), learned, shared by the groups; rows in three parts Rq, Rk, Rv like q, k, v
    logits = sum of BN([q_i . k_j,  q_i . Rq[i-j+S-1],  k_j . Rk[j-i+S-1]])     one BN over all 3g maps
    a = softmax over j of logits
    u_i = sum over j of a_ij v_j,  r_i = sum over j of a_ij Rv[i-j+S-1]
    out = u' + r', from BN([u, r])              over 2C channels, u and r of each channel side by side

    y = out along W of (out along H of x)       each with weights of its own

Axial-DeepLab: Stand-Alone Axial-Attention for Panoptic Segmentation.
Huiyu Wang et al., ECCV 2020, arXiv:2003.07853.
Official code: csrhddlam/axial-deeplab.
"""

import torch
from torch import nn

ENTRY = {
    "class": "AxialAttention",
    "name": "Axial attention",
    "paper": {
        "title": "Axial-DeepLab: Stand-Alone Axial-Attention for Panoptic Segmentation",
        "author": "Huiyu Wang",
        "venue": "ECCV",
        "year": 2020,
        "arxiv": "2003.07853",
    },
    "code": "csrhddlam/axial-deeplab",
    "family": "self-attention",
    "place": "replace",
    "aliases": ["axial-attention", "axial-deeplab", "position-sensitive-axial"],
    "params": "2*(2*C*C + 8*C + 6*groups) + (2*C // groups)*(2*H + 2*W - 2)",
    "macs": "N*(4*C*C + 7*C*(H + W)//2)",
    "limits": [
        ["groups > 0", "groups must be positive, not {groups}"],
        ["C % (2*groups) == 0", "channels must be a multiple of 2 x groups = {2*groups}"],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "deviations": [
        "The table of positions is built for one map size, so height and width are part of the module.",
        "Nothing is divided by sqrt(d): the BatchNorm over the logits takes its place.",
        "Queries and keys are half as wide as values.",
        "The block's 1x1 convolutions around it are left out; there is no activation between the two axes.",
    ],
}


class _Axis(nn.Module):
    """Attention along the last dimension of lines (L, C, S) to the same shape."""

    distance: torch.Tensor

    def __init__(self, channels: int, length: int, groups: int) -> None:
        super().__init__()
        width = channels // groups
        self.groups, self.widths = groups, (width // 2, width // 2, width)
        self.qkv = nn.Conv1d(channels, 2 * channels, 1, bias=False)
        nn.init.normal_(self.qkv.weight, std=channels**-0.5)
        self.qkv_norm = nn.BatchNorm1d(2 * channels)
        self.logit_norm = nn.BatchNorm2d(3 * groups)
        self.out_norm = nn.BatchNorm1d(2 * channels)
        self.relative = nn.Parameter(torch.empty(2 * width, 2 * length - 1))
        nn.init.normal_(self.relative, std=width**-0.5)
        position = torch.arange(length)
        self.register_buffer("distance", position[:, None] - position[None] + length - 1, persistent=False)

    def forward(self, lines: torch.Tensor) -> torch.Tensor:
        """Let each position of lines (L, C, S) attend to its line."""
        qkv = self.qkv_norm(self.qkv(lines)).unflatten(1, (self.groups, -1))
        query, key, value = qkv.split(self.widths, dim=2)  # (L, groups, width, S)
        # (width, S, S): entry [:, i, j] belongs to the offset i - j.
        by_query, by_key, by_value = torch.split(self.relative[:, self.distance], list(self.widths))
        content = query.transpose(2, 3) @ key
        from_query = _at_each(query.transpose(2, 3), by_query.transpose(0, 1))
        from_key = _at_each(key.transpose(2, 3), by_key.transpose(0, 1)).transpose(2, 3)
        logits = self.logit_norm(torch.cat((content, from_query, from_key), dim=1))
        weights = logits.unflatten(1, (3, self.groups)).sum(dim=1).softmax(dim=3)
        gathered = value @ weights.transpose(2, 3)
        positions = _at_each(weights, by_value.permute(1, 2, 0)).transpose(2, 3)
        pairs = torch.stack((gathered, positions), dim=3)  # (L, groups, width, 2, S)
        y: torch.Tensor = self.out_norm(pairs.flatten(1, 3)).unflatten(1, (-1, 2)).sum(dim=2)
        return y


def _at_each(lines: torch.Tensor, matrices: torch.Tensor) -> torch.Tensor:
    # lines (L, groups, S, A) times one matrix of (S, A, B) at each of the S positions: (L, groups, S, B).
    merged = lines.flatten(0, 1).transpose(0, 1) @ matrices
    return merged.transpose(0, 1).reshape(*lines.shape[:3], -1)


class AxialAttention(nn.Module):
    """Axial attention: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map. groups: g, over which the channels are divided.
    """

    def __init__(self, channels: int, *, height: int, width: int, groups: int = 8) -> None:
        super().__init__()
        self.size = (height, width)
        self.height = _Axis(channels, height, groups)
        self.width = _Axis(channels, width, groups)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to its column, then to its row."""
        n, _, height, width = x.shape
        if (height, width) != self.size:
            raise ValueError(f"built for maps of {self.size}, this one has {(height, width)}")
        columns = self.height(x.permute(0, 3, 1, 2).flatten(0, 1)).unflatten(0, (n, width))
        rows = self.width(columns.permute(0, 3, 2, 1).flatten(0, 1)).unflatten(0, (n, height))
        y: torch.Tensor = rows.permute(0, 2, 1, 3)
        return y

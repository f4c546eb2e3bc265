"""Attends between channels and between positions with the same queries and keys, half of the output from each.

    [q, k, vc, vs] = linear(x)                  C channels each, no bias, in heads of d = C/heads, as d x H*W
    kp = E k, vp = F vs                         d x P: linear, H*W positions to P, with bias; F = E if shared
    q, k divided by the length of each of their rows, over the H*W positions; kp keeps the k before that
    xc = softmax over the last axis of (t1 q k^T) vc            d x H*W, t1 and t2: one learned value per head
    xs = softmax over the last axis of (t2 q^T kp) vp^T         H*W x d
    y = [linear(xs), linear(xc)]                C/2 channels each, with bias, the heads of xc side by side;
                                                xs, as (d, heads, H*W), is cut into rows of C: see deviations

UNETR++: Delving into Efficient and Accurate 3D Medical Image Segmentation. Abdelrahman Shaker et al.,
IEEE TMI 2024, arXiv:2212.04497.
Official code: Amshaker/unetr_plus_plus.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import to_map, to_tokens

ENTRY = {
    "class": "EPA",
    "name": "Efficient paired attention",
    "paper": {
        "title": "UNETR++: Delving into Efficient and Accurate 3D Medical Image Segmentation",
        "author": "Abdelrahman Shaker",
        "venue": "IEEE TMI",
        "year": 2024,
        "arxiv": "2212.04497",
    },
    "code": "Amshaker/unetr_plus_plus",
    "family": "self-attention",
    "place": "after",
    "aliases": ["unetr++", "unetr-plus-plus", "unetrpp", "efficient-paired-attention"],
    "params": "5*C*C + C + 2*heads + (1 if shared else 2)*(N + 1)*projected + (4*C if qkv_bias else 0)",
    "macs": "N*(5*C*C + 2*C*(C//heads) + 4*C*projected)",
    "limits": [
        ["heads > 0", "heads must be positive, not {heads}"],
        ["projected > 0", "projected must be positive, not {projected}"],
        ["0 <= dropout <= 1", "dropout must be between 0 and 1, not {dropout}"],
        ["C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        ["C % 2 == 0", "channels must be even: half of the output is from each attention"],
    ],
    "variants": {"separate": {"shared": False}},
    "deviations": [
        "The official code for the Synapse and tumour data shares one projection of the positions, as the default here;"
        " that for lung and ACDC has two (variant separate).",
        "As in the official code, the spatial output is reshaped without moving its axes back, which scrambles"
        " positions and channels; its counts are those of a correct one.",
        "The projection has a weight for every position, so the module is built for one map size.",
        "Written for volumes; here the positions are those of a map. Residual and LayerNorm around it are left out.",
    ],
}


class EPA(nn.Module):
    """Efficient paired attention: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map. heads: of both attentions. projected: P, positions after the projection.
    shared: one projection for keys and values. qkv_bias: biases in the first layer. dropout: of both weights.
    """

    def __init__(
        self,
        channels: int,
        *,
        height: int | None = None,
        width: int | None = None,
        heads: int = 4,
        projected: int = 64,
        shared: bool = True,
        qkv_bias: bool = False,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if height is None or width is None:
            raise ValueError(
                "the projection of the positions is built for one map size: give height and width"
            )
        self.heads, self.size = heads, (height, width)
        self.qkvv = nn.Linear(channels, 4 * channels, bias=qkv_bias)
        self.key_positions = nn.Linear(height * width, projected)
        self.value_positions = None if shared else nn.Linear(height * width, projected)
        self.channel_temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.spatial_temperature = nn.Parameter(torch.ones(heads, 1, 1))
        self.spatial_project = nn.Linear(channels, channels // 2)
        self.channel_project = nn.Linear(channels, channels // 2)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let the channels and the positions of x (N, C, H, W) attend to each other."""
        if tuple(x.shape[2:]) != self.size:
            raise ValueError(f"built for maps of {self.size}, this one has {tuple(x.shape[2:])}")
        n, c = x.shape[:2]
        rows = self.qkvv(to_tokens(x)).transpose(1, 2).unflatten(1, (4, self.heads, -1))
        query, key, channel_value, spatial_value = rows.unbind(1)  # (N, heads, d, H*W)
        few_keys = self.key_positions(key)
        few_values = (self.value_positions or self.key_positions)(spatial_value)
        query, key = F.normalize(query, dim=3), F.normalize(key, dim=3)
        by_channel = (query @ key.transpose(2, 3) * self.channel_temperature).softmax(dim=3)
        channel = (self.dropout(by_channel) @ channel_value).flatten(1, 2).transpose(1, 2)
        by_position = (query.transpose(2, 3) @ few_keys * self.spatial_temperature).softmax(dim=3)
        spatial = self.dropout(by_position) @ few_values.transpose(2, 3)  # (N, heads, H*W, d)
        spatial = spatial.permute(0, 3, 1, 2).reshape(n, -1, c)
        return to_map(
            torch.cat((self.spatial_project(spatial), self.channel_project(channel)), dim=2), *self.size
        )

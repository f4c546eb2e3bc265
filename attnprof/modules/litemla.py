"""Attends at linear cost with ReLU in place of the softmax, to the pixels and to a convolved copy of them.

    t = conv1x1(x)                              3T channels, T = h*d: h = C//d heads, each [q, k, v] of d
    t5 = grouped conv1x1(depth-wise conv5x5(t)) 3h groups: d to d inside each head's q, k and v
    per head of t and of t5, 2h heads:
        q, k = relu(q), relu(k)                 v' = v with one more row, of ones
        o = (v' k^T) q                          (d + 1, H*W)
        out = o[:d] / (o[d] + 1e-15)
    y = BN(conv1x1(2h heads side by side))      2T to C; no convolution has a bias

EfficientViT: Multi-Scale Linear Attention for High-Resolution Dense Prediction. Han Cai et al.,
ICCV 2023, arXiv:2205.14756.
Official code: mit-han-lab/efficientvit.
"""

import torch
import torch.nn.functional as F
from torch import nn

ENTRY = {
    "class": "LiteMLA",
    "name": "Multi-scale linear attention",
    "paper": {
        "title": "EfficientViT: Multi-Scale Linear Attention for High-Resolution Dense Prediction",
        "author": "Han Cai",
        "venue": "ICCV",
        "year": 2023,
        "arxiv": "2205.14756",
    },
    "code": "mit-han-lab/efficientvit",
    "family": "self-attention",
    "place": "after",
    "aliases": ["lite-mla", "efficientvit", "relu-linear-attention", "multi-scale-linear-attention"],
    "where": {"heads": "C // head_channels", "total": "heads*head_channels"},
    "params": "3*C*total + 3*total*kernel_size**2 + 3*total*head_channels + 2*total*C + 2*C",
    "macs": "N*(5*C*total + 3*total*(kernel_size**2 + head_channels) + 4*total*(head_channels + 1))",
    "limits": [
        ["head_channels > 0", "head_channels must be positive, not {head_channels}"],
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["C >= head_channels", "channels must be at least the width of a head = {head_channels}"],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "variants": {"d16": {"head_channels": 16}, "d8": {"head_channels": 8}},
    "deviations": [
        "Heads are 32 wide as in the B2 and B3 models; B0 and B1 have 16 (variant d16), the bare class 8 (variant d8).",
        "On maps of at most d positions the official code forms the H*W x H*W weights: the same result at another cost;"
        " here the linear form is kept at every size.",
        "The official code leaves float16 for the attention and bfloat16 for its division; so does this.",
        "The residual of the official block is left out, and one scale beside the pixels themselves is supported.",
        "Not the EfficientViT of Microsoft, which has cascaded groups.",
    ],
}


class LiteMLA(nn.Module):
    """Multi-scale ReLU linear attention: (N, C, H, W) to the same shape.

    channels: C. head_channels: d, width of a head. kernel_size: of the depth-wise convolution.
    """

    def __init__(self, channels: int, *, head_channels: int = 32, kernel_size: int = 5) -> None:
        super().__init__()
        heads = channels // head_channels
        total = heads * head_channels
        self.head_channels = head_channels
        self.qkv = nn.Conv2d(channels, 3 * total, 1, bias=False)
        self.depthwise = nn.Conv2d(
            3 * total, 3 * total, kernel_size, padding=kernel_size // 2, groups=3 * total, bias=False
        )
        self.pointwise = nn.Conv2d(3 * total, 3 * total, 1, groups=3 * heads, bias=False)
        self.project = nn.Conv2d(2 * total, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to all positions, at two scales."""
        qkv = self.qkv(x)
        scales = torch.cat((qkv, self.pointwise(self.depthwise(qkv))), dim=1)
        heads = scales.view(
            x.shape[0], -1, 3 * self.head_channels, x.shape[2] * x.shape[3]
        )  # (N, 2h, 3d, H*W)
        if heads.dtype == torch.float16:
            # The sums over all positions overflow, and 1e-15 is 0, in this type.
            heads = heads.float()
        query, key, value = heads.chunk(3, dim=2)
        value = F.pad(value, (0, 0, 0, 1), value=1.0)
        summed = (value @ key.relu().transpose(2, 3)) @ query.relu()
        if summed.dtype == torch.bfloat16:
            # The sums are in range, but their quotient would lose digits.
            summed = summed.float()
        attended = summed[:, :, :-1] / (summed[:, :, -1:] + 1e-15)
        attended = attended.reshape(x.shape[0], -1, *x.shape[2:]).to(x.dtype)
        y: torch.Tensor = self.norm(self.project(attended))
        return y

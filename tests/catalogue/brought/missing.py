"""Imports a package that is not there."""

from absent_einops import rearrange
from torch import nn


class LinearAttention(nn.Module):
    def __init__(self, dim, heads=4, dim_head=32):
        super().__init__()
        self.to_qkv = nn.Conv2d(dim, 3 * heads * dim_head, 1, bias=False)

    def forward(self, x):
        return rearrange(self.to_qkv(x), "n c h w -> n c (h w)")

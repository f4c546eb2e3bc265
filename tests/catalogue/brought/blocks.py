"""Blocks of networks: widths that are expanded, and other modules inside."""

import torch
from torch import nn
from torch.nn import functional as F


class SEBasicBlock(nn.Module):
    expansion = 1

    def __init__(self, inplanes, planes, stride=1, downsample=None, groups=1, *, reduction=16):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inplanes, planes, 3, stride, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False), nn.BatchNorm2d(planes)
        self.fc1, self.fc2 = nn.Linear(planes, planes // reduction), nn.Linear(planes // reduction, planes)

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))
        return (y * self.fc2(self.fc1(y.mean((2, 3))).relu()).sigmoid()[..., None, None] + x).relu()


class SEBottleneck(nn.Module):
    expansion = 4

    def __init__(self, inplanes, planes, stride=1, downsample=None, reduction=16):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inplanes, planes, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv2, self.bn2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False), nn.BatchNorm2d(planes)
        self.conv3, self.bn3 = nn.Conv2d(planes, planes * 4, 1, bias=False), nn.BatchNorm2d(planes * 4)
        self.fc1 = nn.Linear(planes * 4, planes * 4 // reduction, bias=False)
        self.fc2 = nn.Linear(planes * 4 // reduction, planes * 4, bias=False)
        self.downsample = downsample

    def forward(self, x):
        y = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())).relu()
        y = self.bn3(self.conv3(y))
        y = y * self.fc2(self.fc1(y.mean((2, 3))).relu()).sigmoid()[..., None, None]
        return (y + (x if self.downsample is None else self.downsample(x))).relu()


class InvertedResidual(nn.Module):
    def __init__(self, inp, oup, stride, expand_ratio):
        super().__init__()
        hidden = inp * expand_ratio
        self.conv1, self.conv3 = nn.Conv2d(inp, hidden, 1, bias=False), nn.Conv2d(hidden, oup, 1, bias=False)
        self.conv2 = nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False)

    def forward(self, x):
        return x + self.conv3(F.relu6(self.conv2(F.relu6(self.conv1(x)))))


class Block(nn.Module):
    """Of ConvNeXt: maps, and tokens inside."""

    def __init__(self, dim, drop_path=0.0, layer_scale_init_value=1e-6):
        super().__init__()
        self.dwconv, self.norm = nn.Conv2d(dim, dim, 7, padding=3, groups=dim), nn.LayerNorm(dim, eps=1e-6)
        self.pwconv1, self.pwconv2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)
        self.gamma = nn.Parameter(layer_scale_init_value * torch.ones(dim))

    def forward(self, x):
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        return x + (self.gamma * self.pwconv2(F.gelu(self.pwconv1(y)))).permute(0, 3, 1, 2)


class TransformerBlock(nn.Module):
    """Of Restormer: all of it without defaults."""

    def __init__(self, dim, num_heads, ffn_expansion_factor, bias, LayerNorm_type):
        super().__init__()
        assert LayerNorm_type in ("WithBias", "BiasFree"), LayerNorm_type
        hidden = int(dim * ffn_expansion_factor)
        self.norm = nn.GroupNorm(1, dim)
        self.qkv = nn.Conv2d(dim, 3 * dim, 1, bias=bias)
        self.ffn = nn.Sequential(
            nn.Conv2d(dim, hidden, 1, bias=bias), nn.GELU(), nn.Conv2d(hidden, dim, 1, bias=bias)
        )

    def forward(self, x):
        query, key, value = self.qkv(self.norm(x)).chunk(3, 1)
        x = x + query * key.sigmoid() + value
        return x + self.ffn(self.norm(x))


class ViTBlock(nn.Module):
    def __init__(
        self, dim, num_heads, mlp_ratio=4.0, qkv_bias=False, act_layer=nn.GELU, norm_layer=nn.LayerNorm
    ):
        super().__init__()
        self.num_heads, self.norm1, self.norm2 = num_heads, norm_layer(dim), norm_layer(dim)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim, bias=qkv_bias), nn.Linear(dim, dim)
        hidden = int(dim * mlp_ratio)
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), act_layer(), nn.Linear(hidden, dim))

    def forward(self, x):
        n, length, width = x.shape
        query, key, value = (
            self.qkv(self.norm1(x)).view(n, length, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        )
        x = x + self.proj(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(x.shape))
        return x + self.mlp(self.norm2(x))


class RCAB(nn.Module):
    """Takes a function that builds its convolutions."""

    def __init__(self, conv, n_feat, kernel_size, reduction, bias=True, bn=False, act=None, res_scale=1):
        super().__init__()
        self.body = nn.Sequential(conv(n_feat, n_feat, kernel_size, bias=bias))

    def forward(self, x):
        return x + self.body(x)

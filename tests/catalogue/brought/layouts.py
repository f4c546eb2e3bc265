"""What a module takes instead of maps (N, C, H, W): tokens, other orders of axes, other numbers of axes."""

import torch
from torch import nn
from torch.nn import functional as F


class ExternalAttention(nn.Module):
    def __init__(self, d_model, S=64):
        super().__init__()
        self.mk, self.mv = nn.Linear(d_model, S, bias=False), nn.Linear(S, d_model, bias=False)

    def forward(self, queries):
        weights = self.mk(queries).softmax(1)
        return self.mv(weights / weights.sum(2, keepdim=True))


class MobileViTv2Attention(nn.Module):
    def __init__(self, d_model):
        super().__init__()
        self.fc_i, self.fc_k = nn.Linear(d_model, 1), nn.Linear(d_model, d_model)
        self.fc_v, self.fc_o = nn.Linear(d_model, d_model), nn.Linear(d_model, d_model)

    def forward(self, tokens):
        n, length, width = tokens.shape
        context = (self.fc_i(tokens).softmax(1) * self.fc_k(tokens)).sum(1, keepdim=True)
        return self.fc_o(self.fc_v(tokens) * context)


class Attention(nn.Module):
    def __init__(self, dim, num_heads=8, qkv_bias=False, qk_norm=False, norm_layer=nn.LayerNorm):
        super().__init__()
        self.num_heads = num_heads
        self.qkv, self.proj = nn.Linear(dim, 3 * dim, bias=qkv_bias), nn.Linear(dim, dim)

    def forward(self, x):
        n, length, width = x.shape
        query, key, value = self.qkv(x).view(n, length, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(query, key, value)
        return self.proj(y.transpose(1, 2).reshape(n, length, width))


class ReducedAttention(nn.Module):
    """Pyramid Vision Transformer's: tokens and the size of their map."""

    def __init__(self, dim, num_heads=8, sr_ratio=2):
        super().__init__()
        self.num_heads = num_heads
        self.q, self.kv = nn.Linear(dim, dim), nn.Linear(dim, 2 * dim)
        self.sr = nn.Conv2d(dim, dim, sr_ratio, sr_ratio)

    def forward(self, x, H, W):
        n, length, width = x.shape
        small = self.sr(x.transpose(1, 2).reshape(n, width, H, W)).flatten(2).transpose(1, 2)
        query = self.q(x).view(n, length, self.num_heads, -1).transpose(1, 2)
        key, value = (
            self.kv(small).view(n, -1, 2, self.num_heads, width // self.num_heads).permute(2, 0, 3, 1, 4)
        )
        y = F.scaled_dot_product_attention(query, key, value)
        return y.transpose(1, 2).reshape(n, length, width)


class Mlp(nn.Module):
    def __init__(self, in_features, hidden_features=None, out_features=None, act_layer=nn.GELU, drop=0.0):
        super().__init__()
        hidden = hidden_features or in_features
        self.fc1, self.fc2 = nn.Linear(in_features, hidden), nn.Linear(hidden, out_features or in_features)
        self.dwconv = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)

    def forward(self, x, H, W):
        hidden = self.fc1(x)
        map_ = hidden.transpose(1, 2).reshape(x.shape[0], -1, H, W)
        return self.fc2(self.dwconv(map_).flatten(2).transpose(1, 2).relu())


class OutlookAttention(nn.Module):
    """Maps (N, H, W, C)."""

    def __init__(self, dim, num_heads=1, kernel_size=3, padding=1, stride=1, qkv_bias=False):
        super().__init__()
        self.kernel_size, self.padding = kernel_size, padding
        self.v, self.attn = nn.Linear(dim, dim, bias=qkv_bias), nn.Linear(dim, kernel_size**2)

    def forward(self, x):
        n, height, width, channels = x.shape
        patches = F.unfold(self.v(x).permute(0, 3, 1, 2), self.kernel_size, padding=self.padding)
        patches = patches.view(n, channels, -1, height, width)
        return (patches * self.attn(x).softmax(-1).permute(0, 3, 1, 2)[:, None]).sum(2).permute(0, 2, 3, 1)


class ChannelsLast(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm, self.linear = nn.LayerNorm(dim), nn.Linear(dim, dim)

    def forward(self, x):
        n, height, width, channels = x.shape
        return x * self.linear(self.norm(x)).sigmoid()


class LinearAndNorm(nn.Module):
    """Says nothing of its axes: (N, H, W, C) and tokens (N, L, C) are the same to it."""

    def __init__(self, dim):
        super().__init__()
        self.norm, self.linear = nn.LayerNorm(dim), nn.Linear(dim, dim)

    def forward(self, x):
        return x * self.linear(self.norm(x)).sigmoid()


class GRN(nn.Module):
    """Global response normalisation of ConvNeXt V2: (N, H, W, C)."""

    def __init__(self, dim):
        super().__init__()
        self.gamma, self.beta = (nn.Parameter(torch.zeros(1, 1, 1, dim)) for _ in range(2))

    def forward(self, x):
        length = x.norm(p=2, dim=(1, 2), keepdim=True)
        return self.gamma * (x * (length / (length.mean(-1, keepdim=True) + 1e-6))) + self.beta + x


class SequenceFirst(nn.Module):
    """(L, N, C), as nn.MultiheadAttention unless it is told otherwise."""

    def __init__(self, dim, heads=4):
        super().__init__()
        self.attention = nn.MultiheadAttention(dim, heads)

    def forward(self, x):
        return self.attention(x, x, x)[0]


class BatchFirst(nn.Module):
    def __init__(self, d_model, nhead):
        super().__init__()
        self.attention = nn.MultiheadAttention(d_model, nhead, batch_first=True)

    def forward(self, src):
        return self.attention(src, src, src)[0] + src


class TransformerEncoderLayer(nn.Module):
    """Of DETR: (L, N, C), with masks that need not be."""

    def __init__(
        self, d_model, nhead, dim_feedforward=2048, dropout=0.1, activation="relu", normalize_before=False
    ):
        super().__init__()
        self.self_attn = nn.MultiheadAttention(d_model, nhead, dropout=dropout)
        self.linear1, self.linear2 = nn.Linear(d_model, dim_feedforward), nn.Linear(dim_feedforward, d_model)

    def forward(self, src, src_mask=None, src_key_padding_mask=None, pos=None):
        src = src + self.self_attn(src, src, src, attn_mask=src_mask, need_weights=False)[0]
        return src + self.linear2(self.linear1(src).relu())


class SE1d(nn.Module):
    """(N, C, L)."""

    def __init__(self, channel):
        super().__init__()
        self.conv = nn.Conv1d(channel, channel, 1)

    def forward(self, x):
        return x * self.conv(x).sigmoid()


class SELayer3D(nn.Module):
    """(N, C, D, H, W)."""

    def __init__(self, channel, reduction=16):
        super().__init__()
        self.pool, self.fc = nn.AdaptiveAvgPool3d(1), nn.Conv3d(channel, channel, 1)

    def forward(self, x):
        return x * self.fc(self.pool(x)).sigmoid()


class Conv3d(nn.Module):
    def __init__(self, channel):
        super().__init__()
        self.conv = nn.Conv3d(channel, channel, 1)

    def forward(self, x):
        return self.conv(x)


class TokensToBlocks(nn.Module):
    """A block of Swin: tokens, whose map it has to know."""

    def __init__(
        self, dim, input_resolution, num_heads, window_size=7, mlp_ratio=4.0, norm_layer=nn.LayerNorm
    ):
        super().__init__()
        self.input_resolution, self.window, self.heads = input_resolution, window_size, num_heads
        self.norm1, self.norm2 = norm_layer(dim), norm_layer(dim)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        hidden = int(mlp_ratio * dim)
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))

    def forward(self, x):
        height, width = self.input_resolution
        n, length, channels = x.shape
        assert length == height * width, "input feature has wrong size"
        side = self.window
        rows = self.norm1(x).view(n, height // side, side, width // side, side, channels)
        rows = rows.transpose(2, 3).reshape(-1, side * side, channels)
        query, key, value = self.qkv(rows).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        y = self.proj(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))
        y = y.view(n, height // side, width // side, side, side, channels).transpose(2, 3)
        x = x + y.reshape(n, length, channels)
        return x + self.mlp(self.norm2(x))

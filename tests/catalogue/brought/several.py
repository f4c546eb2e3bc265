"""Several inputs, and several outputs."""

import torch
from torch import nn


class ScaledDotProductAttention(nn.Module):
    def __init__(self, d_model, d_k=16, d_v=16, h=4, dropout=0.1):
        super().__init__()
        self.heads = h
        self.fc_q, self.fc_k = nn.Linear(d_model, h * d_k), nn.Linear(d_model, h * d_k)
        self.fc_v, self.fc_o = nn.Linear(d_model, h * d_v), nn.Linear(h * d_v, d_model)

    def forward(self, queries, keys, values, attention_mask=None, attention_weights=None):
        n, length = queries.shape[:2]
        parts = (self.fc_q(queries), self.fc_k(keys), self.fc_v(values))
        query, key, value = (part.view(n, length, self.heads, -1).transpose(1, 2) for part in parts)
        weights = (query @ key.transpose(2, 3)).softmax(-1)
        return self.fc_o((weights @ value).transpose(1, 2).reshape(n, length, -1))


class AFF(nn.Module):
    def __init__(self, channels=64, r=4):
        super().__init__()
        self.local = nn.Sequential(
            nn.Conv2d(channels, channels // r, 1), nn.Conv2d(channels // r, channels, 1)
        )

    def forward(self, x, residual):
        gate = self.local(x + residual).sigmoid()
        return x * gate + residual * (1 - gate)


class Attention_block(nn.Module):
    """The gate of Attention U-Net."""

    def __init__(self, F_g, F_l, F_int):
        super().__init__()
        self.W_g = nn.Sequential(nn.Conv2d(F_g, F_int, 1), nn.BatchNorm2d(F_int))
        self.W_x = nn.Sequential(nn.Conv2d(F_l, F_int, 1), nn.BatchNorm2d(F_int))
        self.psi = nn.Sequential(nn.Conv2d(F_int, 1, 1), nn.BatchNorm2d(1), nn.Sigmoid())

    def forward(self, g, x):
        return x * self.psi((self.W_g(g) + self.W_x(x)).relu())


class GridAttention(nn.Module):
    def __init__(self, in_channels, gating_channels, inter_channels=None, sub_sample_factor=(1, 1)):
        super().__init__()
        inter_channels = inter_channels or in_channels // 2
        self.theta = nn.Conv2d(in_channels, inter_channels, sub_sample_factor, sub_sample_factor, bias=False)
        self.phi, self.psi = nn.Conv2d(gating_channels, inter_channels, 1), nn.Conv2d(inter_channels, 1, 1)

    def forward(self, x, g):
        return x * self.psi((self.theta(x) + self.phi(g)).relu()).sigmoid()


class CrossAttention(nn.Module):
    """Stable Diffusion's: without a context it attends to itself."""

    def __init__(self, query_dim, context_dim=None, heads=4, dim_head=16, dropout=0.0):
        super().__init__()
        inner = heads * dim_head
        self.heads = heads
        self.to_q, self.to_out = nn.Linear(query_dim, inner, bias=False), nn.Linear(inner, query_dim)
        self.to_kv = nn.Linear(context_dim or query_dim, 2 * inner, bias=False)

    def forward(self, x, context=None, mask=None):
        n, length, _ = x.shape
        query = self.to_q(x).view(n, length, self.heads, -1).transpose(1, 2)
        context = x if context is None else context
        key, value = self.to_kv(context).view(n, context.shape[1], 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        weights = (query @ key.transpose(2, 3)).softmax(-1)
        return self.to_out((weights @ value).transpose(1, 2).reshape(n, length, -1))


class ConvLSTMCell(nn.Module):
    """Its second input is a pair: a state."""

    def __init__(self, input_dim, hidden_dim, kernel_size, bias):
        super().__init__()
        self.conv = nn.Conv2d(input_dim + hidden_dim, 4 * hidden_dim, kernel_size, padding="same", bias=bias)

    def forward(self, input_tensor, cur_state):
        hidden, cell = cur_state
        gates = self.conv(torch.cat((input_tensor, hidden), 1)).chunk(4, 1)
        cell = gates[0].sigmoid() * cell + gates[1].sigmoid() * gates[2].tanh()
        return gates[3].sigmoid() * cell.tanh(), cell


class TimeBlock(nn.Module):
    """Takes a vector beside the map."""

    def __init__(self, *, in_channels, out_channels=None, temb_channels=512):
        super().__init__()
        out_channels = out_channels or in_channels
        self.conv, self.proj = (
            nn.Conv2d(in_channels, out_channels, 3, padding=1),
            nn.Linear(temb_channels, out_channels),
        )

    def forward(self, x, temb):
        return self.conv(x) + self.proj(temb)[..., None, None]


class Concat(nn.Module):
    def __init__(self, dimension=1):
        super().__init__()
        self.d = dimension

    def forward(self, x):
        return torch.cat(x, self.d)


class MapAndGate(nn.Module):
    def __init__(self, channel):
        super().__init__()
        self.conv = nn.Conv2d(channel, channel, 1)

    def forward(self, x):
        gate = self.conv(x).sigmoid()
        return x * gate, gate


class MapInDict(nn.Module):
    def __init__(self, channel):
        super().__init__()
        self.conv = nn.Conv2d(channel, channel, 1)

    def forward(self, x):
        return {"out": self.conv(x), "aux": x.mean((2, 3))}


class BasesToo(nn.Module):
    def __init__(self, c, k=8):
        super().__init__()
        self.conv = nn.Conv2d(c, k, 1)

    def forward(self, x):
        weights = self.conv(x).flatten(2).softmax(1)
        bases = x.flatten(2) @ weights.transpose(1, 2)
        return (bases @ weights).view_as(x), bases

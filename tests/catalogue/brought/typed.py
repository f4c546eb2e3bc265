"""Settings of every type: lists, tuples, None, booleans, words, numbers, and what no setting can be."""

import torch
from torch import nn


class SKAttention(nn.Module):
    def __init__(self, channel=512, kernels=(1, 3, 5, 7), reduction=16, group=1, L=32):
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(channel, channel, k, padding=k // 2, groups=group) for k in kernels
        )
        width = max(L, channel // reduction)
        self.fc = nn.Linear(channel, width)
        self.fcs = nn.ModuleList(nn.Linear(width, channel) for _ in kernels)

    def forward(self, x):
        maps = torch.stack([conv(x) for conv in self.convs])
        squeezed = self.fc(maps.sum(0).mean((2, 3)))
        gates = torch.stack([fc(squeezed) for fc in self.fcs]).softmax(0)
        return (maps * gates[..., None, None]).sum(0)


class ASPP(nn.Module):
    def __init__(self, in_channels, atrous_rates, out_channels=64):
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(in_channels, out_channels, 3, padding=rate, dilation=rate, bias=False)
            for rate in atrous_rates
        )

    def forward(self, x):
        return sum(conv(x) for conv in self.convs)


class WindowAttention(nn.Module):
    def __init__(self, dim, window_size, num_heads=4, qk_scale=None, attn_drop=0.0):
        super().__init__()
        height, width = window_size
        self.num_heads, self.scale = num_heads, qk_scale or (dim // num_heads) ** -0.5
        self.table = nn.Parameter(torch.zeros(num_heads, height * width, height * width))
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x, mask=None):
        query, key, value = self.qkv(x).unflatten(2, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        weights = (self.scale * query @ key.transpose(2, 3) + self.table).softmax(-1)
        return self.proj((weights @ value).transpose(1, 2).flatten(2))


class StripConv(nn.Module):
    def __init__(self, dim: int, kernel_size: tuple[int, int] = (1, 7), bias: bool | None = True):
        super().__init__()
        padding = tuple(size // 2 for size in kernel_size)
        self.conv = nn.Conv2d(dim, dim, kernel_size, padding=padding, groups=dim, bias=bool(bias))

    def forward(self, x):
        return x * self.conv(x).sigmoid()


class ChannelAttention(nn.Module):
    """Restormer's: the bias has no default, and is no number."""

    def __init__(self, dim, num_heads, bias):
        super().__init__()
        self.num_heads = num_heads
        self.temperature = nn.Parameter(torch.ones(num_heads, 1, 1))
        self.qkv, self.project_out = nn.Conv2d(dim, 3 * dim, 1, bias=bias), nn.Conv2d(dim, dim, 1, bias=bias)

    def forward(self, x):
        query, key, value = self.qkv(x).flatten(2).unflatten(1, (3, self.num_heads, -1)).unbind(1)
        weights = (query @ key.transpose(2, 3) * self.temperature).softmax(-1)
        return self.project_out((weights @ value).reshape(x.shape))


class FrequencyGate(nn.Module):
    def __init__(self, channel, dct_h, dct_w, reduction=16, freq_sel_method="top16"):
        super().__init__()
        assert freq_sel_method in ("top16", "low16"), freq_sel_method
        self.register_buffer("weight", torch.ones(channel, dct_h, dct_w))
        self.fc = nn.Sequential(
            nn.Linear(channel, channel // reduction, bias=False),
            nn.ReLU(),
            nn.Linear(channel // reduction, channel, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x):
        pooled = nn.functional.adaptive_avg_pool2d(x, self.weight.shape[1:])
        return x * self.fc((pooled * self.weight).sum((2, 3)))[..., None, None]


class LCT(nn.Module):
    def __init__(self, channels, groups, eps=1e-5):
        super().__init__()
        assert channels % groups == 0, "channels must be a multiple of groups"
        self.norm = nn.GroupNorm(groups, channels, eps)

    def forward(self, x):
        return x * self.norm(x.mean((2, 3), keepdim=True)).sigmoid()


class DoubleAttention(nn.Module):
    def __init__(self, in_channels, c_m, c_n, reconstruct=True):
        super().__init__()
        self.convA, self.convB = nn.Conv2d(in_channels, c_m, 1), nn.Conv2d(in_channels, c_n, 1)
        self.convV, self.proj = nn.Conv2d(in_channels, c_n, 1), nn.Conv2d(c_m, in_channels, 1)

    def forward(self, x):
        features, maps, vectors = (conv(x).flatten(2) for conv in (self.convA, self.convB, self.convV))
        gathered = features @ maps.softmax(-1).transpose(1, 2)
        return self.proj((gathered @ vectors.softmax(1)).unflatten(2, x.shape[2:]))


class EMAU(nn.Module):
    def __init__(self, c, k, stage_num=3):
        super().__init__()
        self.stage_num = stage_num
        self.conv1, self.conv2 = nn.Conv2d(c, c, 1), nn.Conv2d(c, c, 1, bias=False)
        self.register_buffer("mu", torch.ones(1, c, k))

    def forward(self, x):
        pixels, bases = self.conv1(x).flatten(2), self.mu.expand(x.shape[0], -1, -1)
        for _ in range(self.stage_num):
            weights = (pixels.transpose(1, 2) @ bases).softmax(-1)
            bases = pixels @ weights
        return self.conv2((bases @ weights.transpose(1, 2)).relu().view_as(x)) + x


class LambdaLayer(nn.Module):
    def __init__(self, dim, *, dim_k, n=None, r=None, heads=4):
        super().__init__()
        self.query, self.key = nn.Conv2d(dim, dim_k, 1, bias=False), nn.Conv2d(dim, dim_k, 1, bias=False)
        self.value = nn.Conv2d(dim, dim, 1, bias=False)

    def forward(self, x):
        query, key, value = (layer(x).flatten(2) for layer in (self.query, self.key, self.value))
        content = value @ key.softmax(-1).transpose(1, 2)
        return (content @ query).view_as(x)


class NormAndActivation(nn.Module):
    def __init__(self, dim, norm_layer=nn.BatchNorm2d, act=nn.ReLU(), layers=None):  # noqa: B008 # as YOLO has it
        super().__init__()
        self.norm, self.act = norm_layer(dim), act

    def forward(self, x):
        return x * self.act(self.norm(x))


class Scaled(nn.Module):
    def __init__(self, planes, scale: float = 1, mode: str = "add", act: str | None = "relu"):
        super().__init__()
        self.scale, self.mode = float(scale), mode
        self.conv = nn.Conv2d(planes, planes, 1, bias=act is None)

    def forward(self, x):
        y = self.scale * self.conv(x)
        return x + y if self.mode == "add" else x * y


class SelfAttn(nn.Module):
    """SAGAN's: an activation without a default."""

    def __init__(self, in_dim, activation):
        super().__init__()
        self.value, self.activation = nn.Conv2d(in_dim, in_dim, 1), activation

    def forward(self, x):
        return self.activation(self.value(x)) + x

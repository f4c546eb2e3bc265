"""What stands beside the channels: those that go out, the map's size, tokens, heads."""

import torch
from torch import nn
from torch.nn import functional as F


class CoordAtt(nn.Module):
    def __init__(self, inp, oup, reduction=32):
        super().__init__()
        hidden = max(8, inp // reduction)
        self.conv1, self.bn1 = nn.Conv2d(inp, hidden, 1), nn.BatchNorm2d(hidden)
        self.conv_h, self.conv_w = nn.Conv2d(hidden, oup, 1), nn.Conv2d(hidden, oup, 1)

    def forward(self, x):
        rows, columns = x.mean(3, keepdim=True), x.mean(2, keepdim=True).transpose(2, 3)
        y = F.hardswish(self.bn1(self.conv1(torch.cat((rows, columns), 2))))
        rows, columns = y.split((x.shape[2], x.shape[3]), 2)
        return x * self.conv_h(rows).sigmoid() * self.conv_w(columns.transpose(2, 3)).sigmoid()


class CA_Block(nn.Module):
    def __init__(self, channel, h, w, reduction=16):
        super().__init__()
        self.h, self.w, hidden = h, w, channel // reduction
        self.rows, self.columns = nn.AdaptiveAvgPool2d((h, 1)), nn.AdaptiveAvgPool2d((1, w))
        self.conv, self.bn = nn.Conv2d(channel, hidden, 1, bias=False), nn.BatchNorm2d(hidden)
        self.F_h, self.F_w = (nn.Conv2d(hidden, channel, 1, bias=False) for _ in range(2))

    def forward(self, x):
        y = torch.cat((self.rows(x).transpose(2, 3), self.columns(x)), 3)
        rows, columns = self.bn(self.conv(y)).relu().split((self.h, self.w), 3)
        return x * self.F_h(rows.transpose(2, 3)).sigmoid() * self.F_w(columns).sigmoid()


class GAM_Attention(nn.Module):
    def __init__(self, in_channels, out_channels, rate=4):
        super().__init__()
        hidden = in_channels // rate
        self.mlp = nn.Sequential(nn.Linear(in_channels, hidden), nn.ReLU(), nn.Linear(hidden, in_channels))
        self.conv1, self.bn1 = nn.Conv2d(in_channels, hidden, 7, padding=3), nn.BatchNorm2d(hidden)
        self.conv2, self.bn2 = nn.Conv2d(hidden, out_channels, 7, padding=3), nn.BatchNorm2d(out_channels)

    def forward(self, x):
        x = x * self.mlp(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return x * self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())).sigmoid()


class PSA_p(nn.Module):
    """Polarized self-attention: ``planes`` goes out, as nothing here is expanded."""

    def __init__(self, inplanes, planes, kernel_size=1, stride=1):
        super().__init__()
        self.query = nn.Conv2d(inplanes, 1, 1, stride, bias=False)
        self.value = nn.Conv2d(inplanes, planes // 2, 1, stride, bias=False)
        self.up = nn.Conv2d(planes // 2, planes, 1, bias=False)

    def forward(self, x):
        value, query = self.value(x).flatten(2), self.query(x).flatten(2).softmax(2)
        return x * self.up((value @ query.transpose(1, 2))[..., None]).sigmoid()


class MHSA(nn.Module):
    """``width`` beside ``height`` is the map's."""

    def __init__(self, n_dims, width=14, height=14, heads=4):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Conv2d(n_dims, 3 * n_dims, 1)
        self.rel_h = nn.Parameter(torch.randn(1, heads, n_dims // heads, 1, height))
        self.rel_w = nn.Parameter(torch.randn(1, heads, n_dims // heads, width, 1))

    def forward(self, x):
        query, key, value = self.qkv(x).flatten(2).unflatten(1, (3, self.heads, -1)).unbind(1)
        place = (self.rel_h + self.rel_w).flatten(3)
        logits = query.transpose(2, 3) @ key + (place.transpose(2, 3) @ query).transpose(2, 3)
        return (value @ logits.softmax(-1).transpose(2, 3)).reshape(x.shape)


class WidthLast(nn.Module):
    def __init__(self, planes, height, width):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(planes, height, width))

    def forward(self, x):
        return x + self.table


class PositionEncoding(nn.Module):
    def __init__(self, dim, fmap_size=(56, 56)):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(1, dim, *fmap_size))

    def forward(self, x):
        return x + self.table


class BottleneckAttn(nn.Module):
    def __init__(self, dim, dim_out=None, feat_size=None, num_heads=4, qkv_bias=False):
        super().__init__()
        assert feat_size is not None, "a concrete feature size matching expected input (H, W) is required"
        dim_out = dim_out or dim
        self.num_heads = num_heads
        self.qkv = nn.Conv2d(dim, 3 * dim_out, 1, bias=qkv_bias)
        self.table = nn.Parameter(torch.zeros(feat_size[0] * feat_size[1], dim_out // num_heads))

    def forward(self, x):
        query, key, value = self.qkv(x).flatten(2).unflatten(1, (3, self.num_heads, -1)).unbind(1)
        weights = (query.transpose(2, 3) @ key + query.transpose(2, 3) @ self.table.T).softmax(-1)
        return (weights @ value.transpose(2, 3)).transpose(2, 3).reshape(x.shape)


class Resized(nn.Module):
    """One number for a square map: refused in words where the map is oblong."""

    def __init__(self, in_channels, resolution):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(1, in_channels, resolution, resolution))

    def forward(self, x):
        return x + self.table


class ResolutionTokens(nn.Module):
    def __init__(self, dim, input_resolution, num_heads=4):
        super().__init__()
        self.input_resolution = input_resolution
        self.linear = nn.Linear(dim, dim)

    def forward(self, x):
        height, width = self.input_resolution
        assert x.shape[1] == height * width, "input feature has wrong size"
        return self.linear(x)


class PatchMerging(nn.Module):
    def __init__(self, input_resolution, dim, norm_layer=nn.LayerNorm):
        super().__init__()
        self.input_resolution = input_resolution
        self.norm, self.reduction = norm_layer(4 * dim), nn.Linear(4 * dim, 2 * dim, bias=False)

    def forward(self, x):
        height, width = self.input_resolution
        x = x.view(x.shape[0], height // 2, 2, width // 2, 2, -1)
        return self.reduction(self.norm(x.permute(0, 1, 3, 2, 4, 5).flatten(3).flatten(1, 2)))


class EMSA(nn.Module):
    """``h`` is the number of heads: ``H`` and ``W`` are the map's."""

    def __init__(self, d_model, d_k, d_v, h, dropout=0.1, H=7, W=7, ratio=3):
        super().__init__()
        self.heads, self.size = h, (H, W)
        self.fc_q, self.fc_k = nn.Linear(d_model, h * d_k), nn.Linear(d_model, h * d_k)
        self.fc_v, self.fc_o = nn.Linear(d_model, h * d_v), nn.Linear(h * d_v, d_model)
        self.sr = nn.Conv2d(d_model, d_model, ratio, ratio, groups=d_model)

    def forward(self, queries, keys, values):
        small = self.sr(keys.transpose(1, 2).unflatten(2, self.size)).flatten(2).transpose(1, 2)
        heads = [self.fc_q(queries), self.fc_k(small), self.fc_v(small)]
        query, key, value = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in heads)
        weights = (query @ key.transpose(2, 3)).softmax(-1)
        return self.fc_o((weights @ value).transpose(1, 2).flatten(2))


class SpatialGatingUnit(nn.Module):
    def __init__(self, dim, num_patches, norm_layer=nn.LayerNorm):
        super().__init__()
        self.norm, self.proj = norm_layer(dim), nn.Linear(num_patches, num_patches)

    def forward(self, x):
        return x * self.proj(self.norm(x).transpose(1, 2)).transpose(1, 2)


class AFT_FULL(nn.Module):
    def __init__(self, d_model, n_tokens=49):
        super().__init__()
        self.fc_q, self.fc_k = nn.Linear(d_model, d_model), nn.Linear(d_model, d_model)
        self.position_biases = nn.Parameter(torch.ones(n_tokens, n_tokens))

    def forward(self, x):
        return self.fc_q(x).sigmoid() * (self.position_biases.softmax(1) @ self.fc_k(x))


class TokenAttention(nn.Module):
    def __init__(self, dim, num_heads, qkv_bias=False):
        super().__init__()
        self.num_heads = num_heads
        self.qkv, self.proj = nn.Linear(dim, 3 * dim, bias=qkv_bias), nn.Linear(dim, dim)

    def forward(self, x):
        query, key, value = self.qkv(x).unflatten(2, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2))


class SKFF(nn.Module):
    """``height`` is the number of branches, and no map's."""

    def __init__(self, in_channels, height=3, reduction=8, bias=False):
        super().__init__()
        hidden = max(in_channels // reduction, 4)
        self.conv_du = nn.Conv2d(in_channels, hidden, 1, bias=bias)
        self.fcs = nn.ModuleList(nn.Conv2d(hidden, in_channels, 1, bias=bias) for _ in range(height))

    def forward(self, x):
        squeezed = self.conv_du(x.mean((2, 3), keepdim=True)).relu()
        return sum(x * fc(squeezed).sigmoid() for fc in self.fcs)


class HiddenWidth(nn.Module):
    """``width`` without ``height`` is what is inside."""

    def __init__(self, in_channels, width=32):
        super().__init__()
        self.down = nn.Conv2d(in_channels, width, 1, bias=False)
        self.up = nn.Conv2d(width, in_channels, 1, bias=False)

    def forward(self, x):
        return x + self.up(self.down(x).relu())


class GlobalFilter(nn.Module):
    """``h`` and ``w`` are those of the spectrum: a width of its own has to be settable."""

    def __init__(self, dim, h=14, w=8):
        super().__init__()
        self.complex_weight = nn.Parameter(torch.randn(h, w, dim, 2) * 0.02)

    def forward(self, x):
        spectrum = torch.fft.rfft2(x.permute(0, 2, 3, 1), dim=(1, 2))
        weighted = spectrum * torch.view_as_complex(self.complex_weight)
        return torch.fft.irfft2(weighted, s=x.shape[2:], dim=(1, 2)).permute(0, 3, 1, 2)


class BothNames(nn.Module):
    """``in_channels`` beside ``channels``: what comes in, and what goes out."""

    def __init__(self, in_channels, channels, kernel_size=3, stride=(1, 1), padding=(1, 1), radix=2):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels * radix, kernel_size, stride, padding, bias=False)
        self.radix = radix

    def forward(self, x):
        return sum(self.conv(x).chunk(self.radix, 1))

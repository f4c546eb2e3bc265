"""What the number of channels is called, and where it stands."""

import math

import torch
from torch import nn


class Squeezed(nn.Module):
    def __init__(self, width, hidden, bias=False):
        super().__init__()
        self.squeeze = nn.Conv2d(width, hidden, 1, bias=bias)
        self.excite = nn.Conv2d(hidden, width, 1, bias=bias)

    def forward(self, x):
        return x * self.excite(self.squeeze(x.mean((2, 3), keepdim=True)).relu()).sigmoid()


class SELayer(Squeezed):
    def __init__(self, channel, reduction=16):
        super().__init__(channel, channel // reduction)


class SEAttention(Squeezed):
    def __init__(self, channel=512, reduction=16):
        super().__init__(channel, channel // reduction)


class ChannelSELayer(Squeezed):
    def __init__(self, num_channels, reduction_ratio=2):
        super().__init__(num_channels, num_channels // reduction_ratio, bias=True)


class SpatialSELayer(nn.Module):
    def __init__(self, num_channels):
        super().__init__()
        self.conv = nn.Conv2d(num_channels, 1, 1)

    def forward(self, input_tensor, weights=None):
        return input_tensor * self.conv(input_tensor).sigmoid()


class CBAM(Squeezed):
    def __init__(self, gate_channels, reduction_ratio=16, pool_types=("avg", "max"), no_spatial=False):
        super().__init__(gate_channels, gate_channels // reduction_ratio, bias=True)
        self.conv = None if no_spatial else nn.Conv2d(len(pool_types), 1, 7, padding=3, bias=False)

    def forward(self, x):
        x = super().forward(x)
        if self.conv is None:
            return x
        return x * self.conv(torch.cat((x.amax(1, keepdim=True), x.mean(1, keepdim=True)), 1)).sigmoid()


class SCSEModule(nn.Module):
    def __init__(self, in_channels, reduction=16):
        super().__init__()
        self.channels = Squeezed(in_channels, in_channels // reduction, bias=True)
        self.positions = SpatialSELayer(in_channels)

    def forward(self, x):
        return self.channels(x) + self.positions(x)


class PAM_Module(nn.Module):
    def __init__(self, in_dim):
        super().__init__()
        self.query, self.key = nn.Conv2d(in_dim, in_dim // 8, 1), nn.Conv2d(in_dim, in_dim // 8, 1)
        self.value = nn.Conv2d(in_dim, in_dim, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        query, key, value = (layer(x).flatten(2) for layer in (self.query, self.key, self.value))
        weights = (query.transpose(1, 2) @ key).softmax(-1)
        return self.gamma * (value @ weights.transpose(1, 2)).view_as(x) + x


class GlobalContext(Squeezed):
    def __init__(self, inplanes, ratio=1 / 16, pooling_type="att", fusion_types=("channel_add",)):
        super().__init__(inplanes, int(inplanes * ratio))


class ESE(nn.Module):
    def __init__(self, in_ch):
        super().__init__()
        self.fc = nn.Conv2d(in_ch, in_ch, 1)

    def forward(self, x):
        return x * nn.functional.relu6(self.fc(x.mean((2, 3), keepdim=True)))


class NAFBlock(nn.Module):
    def __init__(self, c, DW_Expand=2, FFN_Expand=2, drop_out_rate=0.0):
        super().__init__()
        wide = c * DW_Expand
        self.conv1, self.conv3 = nn.Conv2d(c, wide, 1), nn.Conv2d(wide // 2, c, 1)
        self.conv2 = nn.Conv2d(wide, wide, 3, padding=1, groups=wide)
        self.conv4, self.conv5 = nn.Conv2d(c, FFN_Expand * c, 1), nn.Conv2d(FFN_Expand * c // 2, c, 1)

    def forward(self, inp):
        first, second = self.conv2(self.conv1(inp)).chunk(2, 1)
        y = inp + self.conv3(first * second)
        first, second = self.conv4(y).chunk(2, 1)
        return y + self.conv5(first * second)


class FReLU(nn.Module):
    def __init__(self, c1, k=3):
        super().__init__()
        self.conv = nn.Conv2d(c1, c1, k, padding=k // 2, groups=c1, bias=False)
        self.bn = nn.BatchNorm2d(c1)

    def forward(self, x):
        return torch.max(x, self.bn(self.conv(x)))


class AconC(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.p1, self.p2, self.beta = (nn.Parameter(torch.ones(1, width, 1, 1)) for _ in range(3))

    def forward(self, x):
        slope = (self.p1 - self.p2) * x
        return slope * (self.beta * slope).sigmoid() + self.p2 * x


class ECALayer(nn.Module):
    def __init__(self, channels, gamma=2, b=1):
        super().__init__()
        size = int(abs((math.log(channels, 2) + b) / gamma)) | 1
        self.conv = nn.Conv1d(1, 1, size, padding=size // 2, bias=False)

    def forward(self, x):
        return x * self.conv(x.mean((2, 3))[:, None])[:, 0, :, None, None].sigmoid()


class MLCA(nn.Module):
    """``in_size`` is no size of a map: it is the number of channels."""

    def __init__(self, in_size, local_size=5, gamma=2, b=1, local_weight=0.5):
        super().__init__()
        size = int(abs(math.log(in_size, 2) + b) / gamma) | 1
        self.conv = nn.Conv1d(1, 1, size, padding=size // 2, bias=False)

    def forward(self, x):
        return x * self.conv(x.mean((2, 3))[:, None])[:, 0, :, None, None].sigmoid()


class ReductionFirst(Squeezed):
    def __init__(self, reduction=16, channels=64):
        super().__init__(channels, channels // reduction, bias=True)


class LastOfAll(Squeezed):
    def __init__(self, ratio, bias, kernel_size, in_planes):
        super().__init__(in_planes, in_planes // ratio, bias)


class KeywordOnly(Squeezed):
    def __init__(self, *, channels, ratio=4):
        super().__init__(channels, channels // ratio)


class AnyArguments(nn.Module):
    def __init__(self, *args, **kwargs):
        super().__init__()
        self.conv = nn.Conv2d(args[0], args[0], 1, **kwargs)

    def forward(self, x):
        return x * self.conv(x).sigmoid()


class WithKeywords(Squeezed):
    def __init__(self, num_features, **kwargs):
        super().__init__(num_features, num_features // 8, **kwargs)


class Named(Squeezed):
    """Its own arguments have names that a call of the catalogue uses, too."""

    def __init__(self, name="scse", channels=32, module=4, settings=False):
        super().__init__(channels, channels // module, settings)


class Annotated(Squeezed):
    def __init__(self, C: int, reduction: int = 8, bias: bool = False) -> None:
        super().__init__(C, C // reduction, bias)


class SEModule(Squeezed):
    def __init__(self, channels, reduction):
        super().__init__(channels, channels // reduction, bias=True)


class ResidualDenseBlock(nn.Module):
    """``nf`` is its channels, and it can be built without."""

    def __init__(self, nf=64, gc=32, bias=True):
        super().__init__()
        self.conv1 = nn.Conv2d(nf, gc, 3, padding=1, bias=bias)
        self.conv2 = nn.Conv2d(nf + gc, nf, 3, padding=1, bias=bias)

    def forward(self, x):
        return x + 0.2 * self.conv2(torch.cat((x, self.conv1(x).relu()), 1))


class SKConv(nn.Module):
    def __init__(self, features, M=2, G=32, r=16, stride=1, L=32):
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv2d(features, features, 3, stride, 1 + i, 1 + i, G, bias=False) for i in range(M)
        )
        width = max(features // r, L)
        self.fc = nn.Linear(features, width)
        self.fcs = nn.ModuleList(nn.Linear(width, features) for _ in range(M))

    def forward(self, x):
        maps = torch.stack([conv(x) for conv in self.convs])
        squeezed = self.fc(maps.sum(0).mean((2, 3)))
        gates = torch.stack([fc(squeezed) for fc in self.fcs]).softmax(0)
        return (maps * gates[..., None, None]).sum(0)


def se_block(channel, reduction=16):
    return SELayer(channel, reduction)


def gate_of(in_channels: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(in_channels, in_channels, 1), nn.Hardsigmoid())

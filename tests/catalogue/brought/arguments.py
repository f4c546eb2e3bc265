"""Modules as people bring them: one for each way in which a constructor says what it wants."""

import torch
from torch import nn


def mean_and_maximum(x):
    """The mean and the maximum over the channels: (N, C, H, W) to (N, 2, H, W)."""
    return torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], dim=1)


class SizedGate(nn.Module):
    """Gates along both sides of the map, whose size is built in."""

    def __init__(self, channel, h, w, reduction=16):
        super().__init__()
        inner = channel // reduction
        self.size = [h, w]
        self.squeeze = nn.Sequential(
            nn.Conv2d(channel, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU()
        )
        self.rows = nn.Conv2d(inner, channel, 1, bias=False)
        self.columns = nn.Conv2d(inner, channel, 1, bias=False)

    def forward(self, x):
        strips = torch.cat([x.mean(3, keepdim=True), x.mean(2, keepdim=True).mT], dim=2)
        rows, columns = self.squeeze(strips).split(self.size, dim=2)
        return x * self.rows(rows).sigmoid() * self.columns(columns.mT).sigmoid()


class SpatialGate(nn.Module):
    """A gate over the pixels, of one channel."""

    def __init__(self, kernel_size=7):
        super().__init__()
        if kernel_size not in (3, 7):
            raise ValueError("kernel size must be 3 or 7")
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x):
        return self.conv(mean_and_maximum(x)).sigmoid()


class RequiredKernel(nn.Module):
    """Its first argument is no number of channels, and has no default."""

    def __init__(self, kernel_size):
        super().__init__()
        self.gate = nn.Sequential(nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2), nn.Sigmoid())

    def forward(self, x):
        return x * self.gate(mean_and_maximum(x))


class Global(nn.Module):
    """Takes the channels twice, what comes in and what goes out."""

    def __init__(self, in_channel, out_channel, ratio=4, kernel_size=7):
        super().__init__()
        inner, pad = in_channel // ratio, kernel_size // 2
        self.mlp = nn.Sequential(nn.Linear(in_channel, inner), nn.ReLU(), nn.Linear(inner, in_channel))
        self.convs = nn.Sequential(
            nn.Conv2d(in_channel, inner, kernel_size, padding=pad),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            nn.Conv2d(inner, out_channel, kernel_size, padding=pad),
            nn.BatchNorm2d(out_channel),
        )

    def forward(self, x):
        x = x * self.mlp(x.movedim(1, -1)).movedim(-1, 1).sigmoid()
        return x * self.convs(x).sigmoid()


class GlobalOfFour(Global):
    """The same with nothing by default."""

    def __init__(self, in_channel, out_channel, ratio, kernel_size):
        super().__init__(in_channel, out_channel, ratio, kernel_size)


class SqueezeExcite(nn.Module):
    def __init__(self, channel, reduction=16):
        super().__init__()
        self.squeeze = nn.Linear(channel, channel // reduction, bias=False)
        self.excite = nn.Linear(channel // reduction, channel, bias=False)

    def forward(self, x):
        return x * self.excite(self.squeeze(x.mean((2, 3))).relu()).sigmoid()[..., None, None]


class Bottleneck(nn.Module):
    """A residual block that gives four times its planes."""

    expansion = 4

    def __init__(self, inplanes, planes, stride=1, downsample=None, reduction=16):
        super().__init__()
        wide = planes * self.expansion
        self.body = nn.Sequential(
            *(nn.Conv2d(inplanes, planes, 1, bias=False), nn.BatchNorm2d(planes), nn.ReLU()),
            *(nn.Conv2d(planes, planes, 3, stride, 1, bias=False), nn.BatchNorm2d(planes), nn.ReLU()),
            *(nn.Conv2d(planes, wide, 1, bias=False), nn.BatchNorm2d(wide)),
            SqueezeExcite(wide, reduction),
        )
        self.downsample = downsample

    def forward(self, x):
        return (self.body(x) + (x if self.downsample is None else self.downsample(x))).relu()


class Energy(nn.Module):
    """Has no parameters, and a constant with a default."""

    def __init__(self, e_lambda=1e-4):
        super().__init__()
        self.e_lambda = e_lambda

    def forward(self, x):
        squares = (x - x.mean((2, 3), keepdim=True)).pow(2)
        total = squares.sum((2, 3), keepdim=True)
        return x * (squares / (4 * (total / (x.shape[2] * x.shape[3] - 1) + self.e_lambda)) + 0.5).sigmoid()


class Grouped(nn.Module):
    """Two numbers for each group, whatever the channels are."""

    def __init__(self, groups=8):
        super().__init__()
        self.groups = groups
        self.scale, self.shift = (nn.Parameter(torch.zeros(1, groups, 1, 1)) for _ in range(2))

    def forward(self, x):
        n, _, h, w = x.shape
        parts = x.view(n * self.groups, -1, h, w)
        similar = (parts * parts.mean((2, 3), keepdim=True)).sum(1).view(n, self.groups, h, w)
        gates = (similar * self.scale + self.shift).view(n * self.groups, 1, h, w).sigmoid()
        return (parts * gates).view(x.shape)


class Alternating(nn.Module):
    """Three branches, or two: a switch is its only argument."""

    def __init__(self, no_spatial=False):
        super().__init__()
        branches = 2 if no_spatial else 3
        self.branches = nn.ModuleList(
            nn.Sequential(nn.Conv2d(2, 1, 7, padding=3, bias=False), nn.BatchNorm2d(1))
            for _ in range(branches)
        )

    def forward(self, x):
        turned = [(0, 2, 1, 3), (0, 3, 2, 1), (0, 1, 2, 3)]
        outputs = []
        for order, branch in zip(turned, self.branches, strict=False):
            y = x.permute(order)
            outputs.append((y * branch(mean_and_maximum(y)).sigmoid()).permute(order))
        return sum(outputs) / len(outputs)


class Nothing(nn.Module):
    """Has no argument at all."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x):
        return x * self.conv(mean_and_maximum(x)).sigmoid()


class NoConstructor(nn.Module):
    """Has not even a constructor."""

    def forward(self, x):
        return x * x.sigmoid()


def squeeze_block(channel, reduction=16):
    return SqueezeExcite(channel, reduction)


class YoloBlock(nn.Module):
    """As in a network's YAML: what comes in, what goes out, how often, a switch."""

    def __init__(self, c1, c2, n=1, shortcut=False):
        super().__init__()
        self.conv = nn.Conv2d(c1, c2, 3, padding=1, bias=False)

    def forward(self, x):
        return self.conv(x)


class ByName(nn.Module):
    def __init__(self, *, channels, ratio=4):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        return x * self.conv(x)


class AnyArguments(nn.Module):
    def __init__(self, *args, **kwargs):
        super().__init__()
        self.conv = nn.Conv2d(args[0], args[0], kwargs.get("kernel_size", 1))

    def forward(self, x):
        return x * self.conv(x)


class HandedOn(Global):
    """Hands on what it gets to the class above it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)


class ReductionFirst(nn.Module):
    def __init__(self, reduction=16, channels=64):
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // reduction, 1)
        self.excite = nn.Conv2d(channels // reduction, channels, 1)

    def forward(self, x):
        return x * self.excite(self.squeeze(x.mean((2, 3), keepdim=True))).sigmoid()


class TokensOfHeads(nn.Module):
    """Tokens (N, L, C), and a number of heads that has no default."""

    def __init__(self, dim, num_heads):
        super().__init__()
        self.qkv, self.heads = nn.Linear(dim, 3 * dim), num_heads

    def forward(self, x):
        n, length, channels = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        attended = nn.functional.scaled_dot_product_attention(q, k, v)
        return attended.transpose(1, 2).reshape(n, length, channels)


class ListOfKernels(nn.Module):
    def __init__(self, dim, kernels=[3, 5, 7]):  # noqa: B006 # as people write it
        super().__init__()
        if not isinstance(kernels, list):
            raise TypeError("kernels is a list")
        self.convs = nn.ModuleList(nn.Conv2d(dim, dim, k, padding=k // 2, groups=dim) for k in kernels)

    def forward(self, x):
        return x * sum(conv(x) for conv in self.convs).sigmoid()


class TupleOfWindow(nn.Module):
    def __init__(self, dim, window_size, num_heads=4):
        super().__init__()
        self.height, self.width = window_size
        self.mix = nn.Linear(dim, dim)

    def forward(self, x):
        return self.mix(x)


class OfResolution(nn.Module):
    """Refuses tokens of another map than it was built for."""

    def __init__(self, dim, input_resolution, num_heads=4):
        super().__init__()
        self.height, self.width = input_resolution
        self.mix = nn.Linear(dim, dim)

    def forward(self, x):
        if x.shape[1] != self.height * self.width:
            raise ValueError("input feature has wrong size")
        return self.mix(x)


class OfSide(nn.Module):
    """Takes one number for a square map, and nothing says so."""

    def __init__(self, dim, resolution):
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(dim, resolution + 0, resolution))

    def forward(self, x):
        return x + self.positions


class Positions(nn.Module):
    """Its map has a size by default."""

    def __init__(self, dim, fmap_size=(56, 56)):
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(1, dim, *fmap_size))

    def forward(self, x):
        return x + self.positions


class OfStripes(nn.Module):
    """Its h and w are not the map's."""

    def __init__(self, dim, h=14, w=8):
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(dim, h, w))

    def forward(self, x):
        return x * torch.fft.rfft2(x).real.mul(self.weights).sum()


class ClassesAndModules(nn.Module):
    """Has defaults that no text stands for."""

    def __init__(self, dim, norm_layer=nn.BatchNorm2d, act=nn.ReLU()):  # noqa: B008 # as people write it
        super().__init__()
        self.norm, self.act = norm_layer(dim), act

    def forward(self, x):
        return x * self.act(self.norm(x))


class Awkward(nn.Module):
    """Its arguments have the names of those that build and insert it."""

    def __init__(self, name, channels, height=3, gate=0, module=1, settings=2, at=4, shape=5, network=6):
        super().__init__()
        self.sum = height + gate + module + settings + at + shape + network + name
        self.conv = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        return self.conv(x)


class Unusual(nn.Module):
    """No name says what its arguments are."""

    def __init__(self, foo, size=(2, 2)):
        super().__init__()
        self.conv = nn.Conv2d(foo, foo, 1)
        self.size = size

    def forward(self, x):
        return self.conv(x)


class Texts(nn.Module):
    def __init__(self, dim, mode="add", path="a/b"):
        super().__init__()
        self.mode, self.path = mode, path
        self.conv = nn.Conv2d(dim, dim, 3 if mode == "C" else 1, padding="same")

    def forward(self, x):
        return self.conv(x)


class GridGate(nn.Module):
    """The gate of a U-Net: two inputs' channels, and those between them."""

    def __init__(self, F_g, F_l, F_int):
        super().__init__()
        self.of_gate, self.of_skip = nn.Conv2d(F_g, F_int, 1), nn.Conv2d(F_l, F_int, 1)
        self.excite = nn.Conv2d(F_int, 1, 1)

    def forward(self, x):
        return x * self.excite((self.of_gate(x) + self.of_skip(x)).relu()).sigmoid()

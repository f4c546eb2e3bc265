"""No number of channels at all: what the defaults build."""

import torch
from torch import nn


def pooled(x):
    return torch.cat((x.mean(1, keepdim=True), x.amax(1, keepdim=True)), 1)


class SpatialAttention(nn.Module):
    def __init__(self, kernel_size=7):
        super().__init__()
        assert kernel_size in (3, 7), "kernel size must be 3 or 7"
        self.conv1 = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x):
        return self.conv1(pooled(x)).sigmoid()


class SpatialFree(nn.Module):
    """Takes any number as its kernel's size, the channels' too."""

    def __init__(self, kernel_size=7):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=False)

    def forward(self, x):
        return self.conv(pooled(x)).sigmoid()


class Spartial_Attention(nn.Module):
    def __init__(self, kernel_size):
        super().__init__()
        assert kernel_size % 2 == 1, f"kernel_size = {kernel_size}"
        self.layer = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2)

    def forward(self, x):
        return x * self.layer(pooled(x)).sigmoid()


class SimAM(nn.Module):
    def __init__(self, e_lambda=1e-4):
        super().__init__()
        self.e_lambda = e_lambda

    def forward(self, x):
        squares = (x - x.mean((2, 3), keepdim=True)).square()
        variance = squares.sum((2, 3), keepdim=True) / (x.shape[2] * x.shape[3] - 1)
        return x * (squares / (4 * (variance + self.e_lambda)) + 0.5).sigmoid()


class SimAMWithChannels(SimAM):
    def __init__(self, channels=None, e_lambda=1e-4):
        super().__init__(e_lambda)


class SpatialGroupEnhance(nn.Module):
    def __init__(self, groups=8):
        super().__init__()
        self.groups = groups
        self.weight = nn.Parameter(torch.zeros(1, groups, 1, 1))
        self.bias = nn.Parameter(torch.ones(1, groups, 1, 1))

    def forward(self, x):
        n, _, height, width = x.shape
        x = x.view(n * self.groups, -1, height, width)
        likeness = (x * x.mean((2, 3), keepdim=True)).sum(1, keepdim=True)
        likeness = likeness.view(n, self.groups, height, width) * self.weight + self.bias
        return (x * likeness.view(n * self.groups, 1, height, width).sigmoid()).view(n, -1, height, width)


class ECAAttention(nn.Module):
    def __init__(self, kernel_size=3):
        super().__init__()
        self.conv = nn.Conv1d(1, 1, kernel_size, padding=kernel_size // 2)

    def forward(self, x):
        return x * self.conv(x.mean((2, 3))[:, None]).sigmoid()[:, 0, :, None, None]


class TripletAttention(nn.Module):
    def __init__(self, no_spatial=False):
        super().__init__()
        branches = [nn.Conv2d(2, 1, 7, padding=3, bias=False) for _ in range(2 if no_spatial else 3)]
        self.branches = nn.ModuleList(nn.Sequential(conv, nn.BatchNorm2d(1)) for conv in branches)

    def forward(self, x):
        y = 0
        for axis, branch in zip((1, 2, 3), self.branches, strict=False):
            turned = x.transpose(1, axis)
            y = y + (turned * branch(pooled(turned)).sigmoid()).transpose(1, axis)
        return y / len(self.branches)


class SpatialGate(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)
        self.bn = nn.BatchNorm2d(1)

    def forward(self, x):
        return x * self.bn(self.conv(pooled(x))).sigmoid()


class CAM(nn.Module):
    def __init__(self):
        super().__init__()
        self.beta = nn.Parameter(torch.zeros(1))

    def forward(self, x):
        rows = x.flatten(2)
        return self.beta * ((rows @ rows.transpose(1, 2)).softmax(-1) @ rows).view_as(x) + x


class LazySE(nn.Module):
    def __init__(self, reduction=4):
        super().__init__()
        self.squeeze, self.excite = nn.LazyConv2d(16, 1), nn.LazyConv2d(1, 1)

    def forward(self, x):
        return x * self.excite(self.squeeze(x.mean((2, 3), keepdim=True)).relu()).sigmoid()


class Residual(nn.Module):
    """Takes another module, which no setting can be."""

    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, x):
        return x + self.fn(x)


class SelfAttentionOfConfig(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.query = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, hidden_states):
        return self.query(hidden_states)

"""Answers of another shape than the map: gates, half the channels, half the size, classes."""

import torch
from torch import nn


class ChannelGate(nn.Module):
    def __init__(self, in_planes, ratio=16):
        super().__init__()
        self.fc1 = nn.Conv2d(in_planes, in_planes // ratio, 1, bias=False)
        self.fc2 = nn.Conv2d(in_planes // ratio, in_planes, 1, bias=False)

    def forward(self, x):
        pooled = (x.mean((2, 3), keepdim=True), x.amax((2, 3), keepdim=True))
        return sum(self.fc2(self.fc1(y).relu()) for y in pooled).sigmoid()


class VectorGate(nn.Module):
    """(N, C), without the axes of the map."""

    def __init__(self, channel):
        super().__init__()
        self.fc = nn.Linear(channel, channel)

    def forward(self, x):
        return self.fc(x.mean((2, 3))).sigmoid()


class HalfChannels(nn.Module):
    def __init__(self, channel):
        super().__init__()
        self.conv = nn.Conv2d(channel, channel // 2, 1)

    def forward(self, x):
        return self.conv(x)


class Down(nn.Module):
    def __init__(self, inp, oup, stride=2):
        super().__init__()
        self.conv = nn.Conv2d(inp, oup, 3, stride, 1, bias=False)

    def forward(self, x):
        return self.conv(x)


class Up(nn.Module):
    def __init__(self, c1, c2, scale_factor=2):
        super().__init__()
        self.conv = nn.ConvTranspose2d(c1, c2, scale_factor, scale_factor, bias=False)

    def forward(self, x):
        return self.conv(x)


class ResidualAttention(nn.Module):
    def __init__(self, channel=512, num_class=1000, la=0.2):
        super().__init__()
        self.la, self.fc = la, nn.Conv2d(channel, num_class, 1, bias=False)

    def forward(self, x):
        scores = self.fc(x).flatten(2)
        return scores.mean(2) + self.la * scores.amax(2)


class PPM(nn.Module):
    def __init__(self, in_dim, reduction_dim, bins):
        super().__init__()
        self.features = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(size), nn.Conv2d(in_dim, reduction_dim, 1, bias=False))
            for size in bins
        )

    def forward(self, x):
        pooled = [
            nn.functional.interpolate(feature(x), x.shape[2:], mode="bilinear") for feature in self.features
        ]
        return torch.cat([x, *pooled], 1)

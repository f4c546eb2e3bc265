"""Receptive-field features: every pixel becomes a patch of its own, which a convolution with a stride then reads."""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn


def features(channels: int, kernel: int) -> nn.Sequential:
    """A depthwise convolution to kernel**2 numbers for each channel and pixel, BatchNorm and ReLU."""
    conv = nn.Conv2d(channels, channels * kernel**2, kernel, padding=kernel // 2, groups=channels, bias=False)
    return nn.Sequential(OrderedDict(conv=conv, norm=nn.BatchNorm2d(channels * kernel**2), act=nn.ReLU()))


def spread(x: torch.Tensor, kernel: int) -> torch.Tensor:
    """(N, C*kernel**2, H, W) to (N, C, kernel*H, kernel*W): each pixel's numbers as a patch, row by row."""
    return F.pixel_shuffle(x, kernel)


def read(channels: int, kernel: int) -> nn.Sequential:
    """A convolution that reads each patch once, BatchNorm and ReLU: (N, C, kernel*H, kernel*W) to (N, C, H, W)."""
    conv = nn.Conv2d(channels, channels, kernel, stride=kernel)
    return nn.Sequential(OrderedDict(conv=conv, norm=nn.BatchNorm2d(channels), act=nn.ReLU()))

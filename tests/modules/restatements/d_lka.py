"""Deformable Large Kernel Attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import conv2d


def at(image, row, column):
    """Bilinear values of image (N, C, H, W) at row, column (N, H, W), in pixels; zero outside."""
    n, c, height, width = image.shape
    total = 0
    for i in (torch.floor(row), torch.floor(row) + 1):
        for j in (torch.floor(column), torch.floor(column) + 1):
            inside = (i >= 0) & (i < height) & (j >= 0) & (j < width)
            share = (1 - (row - i).abs()) * (1 - (column - j).abs()) * inside
            index = (i.clamp(0, height - 1) * width + j.clamp(0, width - 1)).long().flatten(1)
            pixels = image.flatten(2).gather(2, index[:, None].expand(n, c, -1)).reshape(image.shape)
            total = total + share[:, None] * pixels
    return total


def deformed(x, w, name, k, dilation):
    reach = dilation * (k // 2)
    offset = conv2d(x, w[f"{name}.offset.weight"], w[f"{name}.offset.bias"], padding=reach, dilation=dilation)
    row = torch.arange(x.shape[2], dtype=x.dtype)[:, None]
    column = torch.arange(x.shape[3], dtype=x.dtype)
    y = torch.zeros_like(x)
    for tap in range(k * k):
        i, j = divmod(tap, k)
        down = row + dilation * i - reach + offset[:, 2 * tap]
        across = column + dilation * j - reach + offset[:, 2 * tap + 1]
        y += w[f"{name}.weight"][:, 0, i, j, None, None] * at(x, down, across)
    return y


def restate(x, w, *, projections):
    inner = x
    if projections:
        inner = conv2d(x, w["enter.weight"], w["enter.bias"])
        inner = inner * (1 + torch.erf(inner / 2**0.5)) / 2
    transform = deformed(deformed(inner, w, "near", 5, 1), w, "far", 7, 3)
    gated = inner * conv2d(transform, w["mix.weight"], w["mix.bias"])
    return x + conv2d(gated, w["leave.weight"], w["leave.bias"]) if projections else gated

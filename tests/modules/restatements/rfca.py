"""Coordinate attention on receptive fields, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid


def patches(fields, k):
    """(N, C, k*k, H, W) to (N, C, k*H, k*W)."""
    n, c, _, height, width = fields.shape
    laid = fields.new_zeros(n, c, k * height, k * width)
    for i in range(k):
        for j in range(k):
            laid[:, :, i::k, j::k] = fields[:, :, i * k + j]
    return laid


def along(line, w, name):
    """A 1x1 convolution of (N, C, L)."""
    return torch.einsum("oc,ncl->nol", w[f"{name}.weight"].flatten(1), line) + w[f"{name}.bias"][:, None]


def restate(x, w, *, kernel_size, reduction):
    n, c, height, width = x.shape
    k = kernel_size
    f = conv2d(x, w["features.conv.weight"], padding=k // 2, groups=c)
    f = batch_norm(f, w, "features.norm").clamp(min=0)
    z = patches(f.reshape(n, c, k * k, height, width), k)
    both = batch_norm(along(torch.cat((z.mean(3), z.mean(2)), dim=2), w, "squeeze"), w, "norm")
    assert both.shape[1] == max(8, c // reduction)
    both = both * (both + 3).clamp(0, 6) / 6
    rows = sigmoid(along(both[:, :, : k * height], w, "rows"))
    columns = sigmoid(along(both[:, :, k * height :], w, "columns"))
    gated = z * rows[:, :, :, None] * columns[:, :, None, :]
    return conv2d(gated, w["read.weight"], w["read.bias"], stride=k)

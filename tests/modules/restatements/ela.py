"""Efficient Local Attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import conv2d, sigmoid


def group_norm(t, groups, scale, shift, eps=1e-5):
    """Of (N, C, L): each group of channels has one mean and one variance, over its channels and positions."""
    n, c, length = t.shape
    t = t.reshape(n, groups, -1)
    mean = t.sum(dim=2, keepdim=True) / t.shape[2]
    var = ((t - mean) ** 2).sum(dim=2, keepdim=True) / t.shape[2]
    t = ((t - mean) / (var + eps) ** 0.5).reshape(n, c, length)
    return t * scale[:, None] + shift[:, None]


def restate(x, w, *, kernel_size, group_channels, norm_groups, bias, shared, silu):
    c = x.shape[1]
    groups = 1 if group_channels is None else c // group_channels

    def gate(strip, name):
        weight = w[f"{name}.conv.weight"]
        assert weight.shape == (c, c // groups, kernel_size)
        shift = w[f"{name}.conv.bias"] if bias else None
        padding = (0, kernel_size // 2)
        t = conv2d(strip[:, :, None], weight[:, :, None], shift, padding=padding, groups=groups)[:, :, 0]
        t = group_norm(t, norm_groups, w[f"{name}.norm.weight"], w[f"{name}.norm.bias"])
        return sigmoid(t * sigmoid(t) if silu else t)

    rows = gate(x.mean(dim=3), "rows")
    columns = gate(x.mean(dim=2), "rows" if shared else "columns")
    return torch.einsum("nchw,nch,ncw->nchw", x, rows, columns)

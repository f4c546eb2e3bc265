"""Involution, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d


def restate(x, w, *, kernel_size, reduction, group_channels):
    n, channels, height, width = x.shape
    hidden = batch_norm(conv2d(x, w["squeeze.weight"]), w, "norm").clamp(min=0)
    assert hidden.shape[1] == channels // reduction
    kernels = conv2d(hidden, w["span.weight"], w["span.bias"])
    margin = kernel_size // 2
    padded = x.new_zeros(n, channels, height + 2 * margin, width + 2 * margin)
    padded[:, :, margin : margin + height, margin : margin + width] = x
    taps = kernel_size * kernel_size
    group = torch.arange(channels) // group_channels
    y = torch.zeros_like(x)
    for row in range(kernel_size):
        for column in range(kernel_size):
            seen = padded[:, :, row : row + height, column : column + width]
            y += kernels[:, group * taps + row * kernel_size + column] * seen
    return y

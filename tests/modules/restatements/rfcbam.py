"""CBAM on receptive fields, restated from its formulas."""

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


def restate(x, w, *, kernel_size, hidden):
    n, c, height, width = x.shape
    k = kernel_size
    f = conv2d(x, w["features.conv.weight"], padding=k // 2, groups=c)
    f = batch_norm(f, w, "features.norm").clamp(min=0)
    z = patches(f.reshape(n, c, k * k, height, width), k)
    squeeze, excite = (w[f"{name}.weight"].flatten(1) for name in ("squeeze", "excite"))
    assert len(squeeze) == hidden
    by_channel = sigmoid((x.mean((2, 3)) @ squeeze.T).clamp(min=0) @ excite.T)[:, :, None, None]
    summary = torch.stack((z.amax(1), z.mean(1)), dim=1)
    place = sigmoid(conv2d(summary, w["place.weight"], padding=1))
    y = conv2d(z * by_channel * place, w["read.conv.weight"], w["read.conv.bias"], stride=k)
    return batch_norm(y, w, "read.norm").clamp(min=0)

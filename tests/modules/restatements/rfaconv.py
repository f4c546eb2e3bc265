"""Receptive-field attention convolution, restated from its formulas."""

from tests.modules.restatements._maths import batch_norm, conv2d, softmax


def patches(fields, k):
    """(N, C, k*k, H, W) to (N, C, k*H, k*W)."""
    n, c, _, height, width = fields.shape
    laid = fields.new_zeros(n, c, k * height, k * width)
    for i in range(k):
        for j in range(k):
            laid[:, :, i::k, j::k] = fields[:, :, i * k + j]
    return laid


def restate(x, w, *, kernel_size):
    n, c, height, width = x.shape
    k = kernel_size
    f = conv2d(x, w["features.conv.weight"], padding=k // 2, groups=c)
    f = batch_norm(f, w, "features.norm").clamp(min=0).reshape(n, c, k * k, height, width)
    mean = conv2d(x, x.new_ones(c, 1, k, k) / k**2, padding=k // 2, groups=c)
    logits = mean[:, :, None] * w["weigh.weight"].reshape(1, c, k * k, 1, 1)
    z = patches(f * softmax(logits, 2), k)
    y = conv2d(z, w["read.conv.weight"], w["read.conv.bias"], stride=k)
    return batch_norm(y, w, "read.norm").clamp(min=0)

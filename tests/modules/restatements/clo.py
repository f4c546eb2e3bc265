"""CloFormer's attention, restated from its formulas."""

import math

import torch

from tests.modules.restatements._maths import conv2d, sigmoid, softmax


def restate(x, w, *, heads, local_heads, kernel_size, window_size):
    n, c, height, width = x.shape
    heads = heads or max(c // 16, 1)
    level = min(3, max(0, round(math.log2(56 / min(height, width)))))
    kernel = kernel_size or (3, 5, 7, 9)[level]
    side = window_size or (8, 4, 2, 1)[level]
    local = heads * (3, 2, 2, 1)[level] // 4 if local_heads is None else local_heads
    d = c // heads
    outputs = []

    def conv(t, name, **options):
        return conv2d(t, w[f"{name}.weight"], w[f"{name}.bias"], **options)

    if local:
        own = local * d
        pointwise = "near.qkv"
        mixed = conv(conv(x, pointwise), "near.mix", padding=kernel // 2, groups=3 * own)
        q, k, v = mixed[:, :own], mixed[:, own : 2 * own], mixed[:, 2 * own :]
        hidden = conv(q * k, "near.widen")
        hidden = hidden * sigmoid(hidden)
        outputs.append(torch.tanh(conv(hidden, "near.narrow") / d**0.5) * v)
    if local < heads:
        pooled = x.reshape(n, c, height // side, side, width // side, side).mean(dim=(3, 5))
        q, kv = conv(x, "far.query"), conv(pooled, "far.key_value")
        g = c - local * d
        far = torch.zeros_like(q)
        for first in range(0, g, d):
            query, key, value = (
                t[:, start : start + d].flatten(2) for t, start in ((q, first), (kv, first), (kv, g + first))
            )
            weights = softmax(torch.einsum("ndp,ndm->npm", query, key) / d**0.5, 2)
            far[:, first : first + d] = torch.einsum("npm,ndm->ndp", weights, value).unflatten(
                2, (height, width)
            )
        outputs.append(far)
    return conv(torch.cat(outputs, 1), "project")

"""Cascaded group attention, restated from its formulas."""

import math

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, softmax


def conv(x, w, name, **options):
    return batch_norm(conv2d(x, w[f"{name}.conv.weight"], **options), w, f"{name}.norm")


def in_a_window(x, w, heads, key_channels, kernels, side):
    """(N, C, side, side): the heads' outputs side by side."""
    place = torch.arange(side)
    rows, columns = place.repeat_interleave(side), place.repeat(side)
    offset = (rows[:, None] - rows).abs() * side + (columns[:, None] - columns).abs()
    each = x.shape[1] // heads
    outputs = []
    for i in range(heads):
        u = x[:, i * each : (i + 1) * each]
        if outputs:
            u = u + outputs[-1]
        qkv = conv(u, w, f"qkv.{i}")
        q, k, v = qkv[:, :key_channels], qkv[:, key_channels : 2 * key_channels], qkv[:, 2 * key_channels :]
        q = conv(q, w, f"query.{i}", padding=kernels[i] // 2, groups=key_channels)
        logits = torch.einsum("ncq,nck->nqk", q.flatten(2), k.flatten(2)) / key_channels**0.5
        weights = softmax(logits + w["bias"][i][offset], 2)
        outputs.append(torch.einsum("nqk,nck->ncq", weights, v.flatten(2)).reshape(u.shape))
    return torch.cat(outputs, dim=1)


def restate(x, w, *, heads, key_channels, kernel_size, window_size):
    n, c, height, width = x.shape
    kernels = [7, 5, 3, 3] if kernel_size is None else [kernel_size] * heads
    whole = [math.ceil(side / window_size) * window_size for side in (height, width)]
    padded = x.new_zeros(n, c, *whole)
    padded[:, :, :height, :width] = x
    out = torch.zeros_like(padded)
    for top in range(0, whole[0], window_size):
        for left in range(0, whole[1], window_size):
            window = (
                slice(None),
                slice(None),
                slice(top, top + window_size),
                slice(left, left + window_size),
            )
            out[window] = in_a_window(padded[window], w, heads, key_channels, kernels, window_size)
    return x + conv(out.clamp(min=0), w, "project")[:, :, :height, :width]

"""The inverted residual mobile block of EMO, restated from its formulas."""

import math

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid, softmax


def normalised(x, w, norm):
    if norm == "batch":
        return batch_norm(x, w, "norm", eps=1e-6)
    centred = x - x.mean(1, keepdim=True)
    scale, shift = (w[f"norm.{name}"][:, None, None] for name in ("weight", "bias"))
    return centred / ((centred**2).mean(1, keepdim=True) + 1e-6) ** 0.5 * scale + shift


def activated(t, activation):
    return t.clamp(min=0) if activation == "relu" else t * (1 + torch.erf(t / 2**0.5)) / 2


def attend(u, values, w, head_channels, window_size):
    """Within each window of u's padded map, per head; values (N, any, H, W) of the same map."""
    n, c, height, width = u.shape
    heads = c // head_channels
    both = conv2d(u, w["query_key.weight"], w.get("query_key.bias"))
    q, k = both[:, :c], both[:, c:]
    out = torch.zeros_like(values)
    down, across = height // window_size, width // window_size
    each = values.shape[1] // heads
    for i in range(down):
        for j in range(across):
            for h in range(heads):
                mine = slice(h * head_channels, (h + 1) * head_channels)
                theirs = slice(h * each, (h + 1) * each)
                query, key = (t[:, mine, i::down, j::across].flatten(2) for t in (q, k))
                value = values[:, theirs, i::down, j::across].flatten(2)
                weights = softmax(torch.einsum("ncq,nck->nqk", query, key) / head_channels**0.5, 2)
                mixed = torch.einsum("nqk,nck->ncq", weights, value)
                out[:, theirs, i::down, j::across] = mixed.reshape(n, each, window_size, window_size)
    return out


def restate(x, w, *, expansion, head_channels, window_size, kernel_size, bias, norm, activation, early):
    n, c, height, width = x.shape
    assert bias == ("query_key.bias" in w) == ("value.0.bias" in w)
    u = normalised(x, w, norm)
    whole = [math.ceil(side / window_size) * window_size for side in (height, width)]
    padded = x.new_zeros(n, c, *whole)
    padded[:, :, :height, :width] = u
    if early:
        padded = attend(padded, padded, w, head_channels, window_size)
    a = activated(conv2d(padded, w["value.0.weight"], w.get("value.0.bias")), activation)
    assert a.shape[1] == int(c * expansion)
    if not early:
        u = x.new_zeros(n, c, *whole)
        u[:, :, :height, :width] = normalised(x, w, norm)
        a = attend(u, a, w, head_channels, window_size)
    a = a[:, :, :height, :width]
    local = conv2d(a, w["local.0.weight"], padding=kernel_size // 2, groups=a.shape[1])
    local = batch_norm(local, w, "local.1", eps=1e-6)
    return x + conv2d(a + local * sigmoid(local), w["project.weight"])

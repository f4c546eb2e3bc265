"""Twins' locally grouped and global sub-sampled attention, restated from their formulas."""

import torch

from tests.modules.restatements._maths import linear, softmax
from tests.modules.restatements.pvt import reduced_attention


def restate(x, w, *, mode, window_size, sr_ratio, heads):
    heads = heads or x.shape[1] // 32
    if mode == "global":
        return reduced_attention(x, w, ratio=sr_ratio, fixed=False, heads=heads, biased=True)
    n, c, height, width = x.shape
    d = c // heads
    s = window_size
    y = torch.zeros_like(x)
    for top in range(0, height, s):
        for left in range(0, width, s):
            piece = x[:, :, top : top + s, left : left + s]
            rows, columns = piece.shape[2:]
            window = x.new_zeros(n, s, s, c)
            window[:, :rows, :columns] = piece.permute(0, 2, 3, 1)
            window = window.reshape(n, s * s, c)
            q = linear(window, w["query.weight"], w["query.bias"]).reshape(n, s * s, heads, d)
            kv = linear(window, w["key_value.weight"], w["key_value.bias"])
            k, v = (half.reshape(n, s * s, heads, d) for half in (kv[..., :c], kv[..., c:]))
            a = softmax(torch.einsum("nihd,njhd->nhij", q, k) / d**0.5, -1)
            out = torch.einsum("nhij,njhd->nihd", a, v).reshape(n, s * s, c)
            out = linear(out, w["project.weight"], w["project.bias"]).reshape(n, s, s, c)
            y[:, :, top : top + s, left : left + s] = out[:, :rows, :columns].permute(0, 3, 1, 2)
    return y

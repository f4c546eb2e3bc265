"""CSWin's cross-shaped window attention, restated from its formulas."""

import math

import torch

from tests.modules.restatements._maths import conv2d, linear, softmax


def striped(q, k, v, rows, columns, heads, kernel, shift):
    """Attention inside stripes of `rows` x `columns`, plus the depth-wise convolution of each stripe's
    values."""
    n, c, height, width = q.shape
    d = c // heads
    y = torch.zeros_like(q)
    for top in range(0, height, rows):
        for left in range(0, width, columns):
            here = (slice(None), slice(None), slice(top, top + rows), slice(left, left + columns))
            query, key, value = (t[here].reshape(n, heads, d, rows * columns) for t in (q, k, v))
            a = softmax(torch.einsum("nhdi,nhdj->nhij", query, key) / d**0.5, -1)
            y[here] = torch.einsum("nhij,nhdj->nhdi", a, value).reshape(n, c, rows, columns)
            y[here] += conv2d(v[here], kernel, shift, padding=1, groups=c)
    return y


def restate(x, w, *, split_size, heads, qkv_bias):
    n, c, height, width = x.shape
    heads = heads or c // 32
    stage = min(max(round(math.log2(56 / min(height, width))), 0), 3)
    split = split_size or (1, 2, 7, 7)[stage]
    assert qkv_bias == ("qkv.bias" in w)
    t = linear(x.permute(0, 2, 3, 1), w["qkv.weight"], w.get("qkv.bias")).permute(0, 3, 1, 2)
    q, k, v = t[:, :c], t[:, c : 2 * c], t[:, 2 * c :]
    # Where a stripe is as wide as a square map, both halves attend over all of it: one branch.
    halves = []
    for name, part, rows, columns in (
        ("vertical", slice(0, c // 2), height, split),
        ("horizontal", slice(c // 2, c), split, width),
    ):
        kernel, shift = w[f"{name}.weight"], w[f"{name}.bias"]
        halves.append(striped(q[:, part], k[:, part], v[:, part], rows, columns, heads // 2, kernel, shift))
    y = torch.cat(halves, dim=1)
    return linear(y.permute(0, 2, 3, 1), w["project.weight"], w["project.bias"]).permute(0, 3, 1, 2)

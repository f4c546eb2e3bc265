"""PVT's spatial-reduction attention, restated from its formulas."""

import math

import torch

from tests.modules.restatements._maths import conv2d, linear, softmax


def layer_norm(tokens, scale, shift):
    centred = tokens - tokens.mean(dim=-1, keepdim=True)
    return centred / ((centred**2).mean(dim=-1, keepdim=True) + 1e-5) ** 0.5 * scale + shift


def pooled(x, rows, columns):
    """The means of `rows` x `columns` bins that cover the map and may overlap."""
    h, w = x.shape[2:]
    y = x.new_zeros(*x.shape[:2], rows, columns)
    for i in range(rows):
        for j in range(columns):
            top, bottom = i * h // rows, -(-(i + 1) * h // rows)
            left, right = j * w // columns, -(-(j + 1) * w // columns)
            y[:, :, i, j] = x[:, :, top:bottom, left:right].sum(dim=(2, 3)) / (
                (bottom - top) * (right - left)
            )
    return y


def restate(x, w, *, sr_ratio, linear, heads, qkv_bias):
    return reduced_attention(
        x, w, ratio=sr_ratio, fixed=linear, heads=heads or x.shape[1] // 64, biased=qkv_bias
    )


def reduced_attention(x, w, *, ratio, fixed, heads, biased):
    n, c, height, width = x.shape
    stage = min(max(round(math.log2(56 / min(height, width))), 0), 3)
    ratio = ratio or (8, 4, 2, 1)[stage]
    d = c // heads
    assert biased == ("query.bias" in w) == ("key_value.bias" in w)

    small = x
    if fixed:
        small = conv2d(pooled(x, 7, 7), w["reduce.weight"], w["reduce.bias"])
    elif ratio > 1:
        small = conv2d(x, w["reduce.weight"], w["reduce.bias"], stride=ratio)
    seen = small.flatten(2).transpose(1, 2)
    if fixed or ratio > 1:
        seen = layer_norm(seen, w["norm.weight"], w["norm.bias"])
    if fixed:
        seen = seen * (1 + torch.erf(seen / 2**0.5)) / 2

    q = linear(x.flatten(2).transpose(1, 2), w["query.weight"], w.get("query.bias")).reshape(n, -1, heads, d)
    kv = linear(seen, w["key_value.weight"], w.get("key_value.bias"))
    k, v = kv[..., :c].reshape(n, -1, heads, d), kv[..., c:].reshape(n, -1, heads, d)
    a = softmax(torch.einsum("nihd,njhd->nhij", q, k) / d**0.5, -1)
    y = torch.einsum("nhij,njhd->nihd", a, v).reshape(n, height * width, c)
    y = linear(y, w["project.weight"], w["project.bias"])
    return y.transpose(1, 2).reshape(n, c, height, width)

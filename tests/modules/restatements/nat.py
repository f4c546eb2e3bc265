"""Neighbourhood attention, restated from its formulas, position by position."""

import torch

from tests.modules.restatements._maths import linear, softmax


def restate(x, w, *, kernel_size, heads, qkv_bias):
    n, c, height, width = x.shape
    heads = heads or max(c // 32, 1)
    d, k = c // heads, kernel_size
    qkv = linear(x.permute(0, 2, 3, 1), w["qkv.weight"], w["qkv.bias"] if qkv_bias else None)
    query, key, value = (qkv[..., part * c : (part + 1) * c].unflatten(3, (heads, d)) for part in range(3))
    out = torch.zeros_like(query)
    for row in range(height):
        first_row = min(max(row - k // 2, 0), height - k)
        for column in range(width):
            first_column = min(max(column - k // 2, 0), width - k)
            window = (slice(None), slice(first_row, first_row + k), slice(first_column, first_column + k))
            bias = w["relative_bias"][
                :,
                first_row - row + k - 1 : first_row - row + 2 * k - 1,
                first_column - column + k - 1 : first_column - column + 2 * k - 1,
            ]
            logits = torch.einsum("nhd,nabhd->nhab", query[:, row, column], key[window]) / d**0.5 + bias
            weights = softmax(logits.flatten(2), 2).unflatten(2, (k, k))
            out[:, row, column] = torch.einsum("nhab,nabhd->nhd", weights, value[window])
    y = linear(out.flatten(3), w["project.weight"], w["project.bias"])
    return y.permute(0, 3, 1, 2)

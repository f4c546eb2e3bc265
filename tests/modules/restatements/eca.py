"""Efficient Channel Attention, restated from its formulas."""

import math

import torch

from tests.modules.restatements._maths import sigmoid


def restate(x, w, *, kernel_size, gamma, b, shared, bias):
    n, channels, height, width = x.shape
    k = kernel_size
    if k is None:
        k = int(abs((math.log2(channels) + b) / gamma))
        k = k if k % 2 else k + 1
    weight = w["conv.weight"]
    assert weight.shape == (1 if shared else channels, 1, k)
    s = x.sum(dim=(2, 3)) / (height * width)
    scores = torch.zeros_like(s) + (w["conv.bias"] if bias else 0)
    for c in range(channels):
        for j in range(k):
            neighbour = c + j - (k - 1) // 2
            if 0 <= neighbour < channels:
                scores[:, c] += weight[0 if shared else c, 0, j] * s[:, neighbour]
    return x * sigmoid(scores).reshape(n, channels, 1, 1)

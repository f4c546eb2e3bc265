"""Mixed Local Channel Attention, restated from its formulas."""

import math

import torch

from tests.modules.restatements._maths import sigmoid


def bins(source, target):
    """The matrix (target, source) of adaptive average pooling along one axis."""
    matrix = torch.zeros(target, source, dtype=torch.float64)
    for i in range(target):
        start, end = i * source // target, -(-(i + 1) * source // target)
        matrix[i, start:end] = 1 / (end - start)
    return matrix


def pooled(t, height, width):
    return torch.einsum("ih,jw,nchw->ncij", bins(t.shape[2], height), bins(t.shape[3], width), t)


def conv1d(sequence, weight):
    """Along the last axis of (N, length), zeros outside, as long as before."""
    taps = weight.flatten()
    n, length = sequence.shape
    reach = len(taps) // 2
    padded = sequence.new_zeros(n, length + 2 * reach)
    padded[:, reach : reach + length] = sequence
    return sum(taps[i] * padded[:, i : i + length] for i in range(len(taps)))


def restate(x, w, *, local_size, local_weight, gamma, b):
    n, channels, height, width = x.shape
    size = int(abs(math.log2(channels) + b) / gamma)
    size += 1 - size % 2
    assert w["global_conv.weight"].numel() == w["local_conv.weight"].numel() == size
    cells = local_size * local_size
    local = pooled(x, local_size, local_size)
    whole = sigmoid(conv1d(local.sum(dim=(2, 3)) / cells, w["global_conv.weight"]))
    # Cell after cell, the channels of each together.
    sequence = torch.stack(
        [local[:, c, i, j] for i in range(local_size) for j in range(local_size) for c in range(channels)],
        dim=1,
    )
    answer = sigmoid(conv1d(sequence, w["local_conv.weight"]))
    mixed = torch.empty_like(local)
    for i in range(local_size):
        for j in range(local_size):
            start = (i * local_size + j) * channels
            mixed[:, :, i, j] = (
                local_weight * answer[:, start : start + channels] + (1 - local_weight) * whole
            )
    return x * pooled(mixed, height, width)

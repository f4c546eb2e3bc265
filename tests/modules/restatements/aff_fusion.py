"""Attentional feature fusion, restated: each norm is folded into the matrix before it, and every position is a row."""

import torch

from tests.modules.restatements._maths import linear, sigmoid


def normed(rows, w, layer, norm):
    """A matrix product whose weight and bias have taken in the norm that follows it; of the last axis."""
    factor = w[f"{norm}.weight"] / torch.sqrt(w[f"{norm}.running_var"] + 1e-5)
    weight = factor[:, None] * w[f"{layer}.weight"][:, :, 0, 0]
    return linear(rows, weight, factor * (w[f"{layer}.bias"] - w[f"{norm}.running_mean"]) + w[f"{norm}.bias"])


def bottleneck(rows, w, path):
    squeezed = normed(rows, w, f"{path}.squeeze", f"{path}.squeeze_norm")
    return normed(squeezed.clamp_min(0), w, f"{path}.excite", f"{path}.excite_norm")


def share(rows, w, local_path, global_path):
    """(n, positions, channels): how much of the first map a fusion takes, from the sum of both maps."""
    mean = rows.sum(1, keepdim=True) / rows.shape[1]
    return sigmoid(bottleneck(rows, w, local_path) + bottleneck(mean, w, global_path))


def restate(x, y, w, *, reduction):
    assert len(w["local_path.squeeze.bias"]) == x.shape[1] // reduction
    first, second = x.flatten(2).mT, y.flatten(2).mT
    of_first = share(first + second, w, "local_path", "global_path")
    fused = 2 * (second + of_first * (first - second))
    return fused.mT.reshape(x.shape)

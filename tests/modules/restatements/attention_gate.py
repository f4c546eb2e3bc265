"""The gate of Attention U-Net, restated: every position is a row, and every norm a line through two points."""

import torch

from tests.modules.restatements._maths import linear, sigmoid


def pointwise(rows, w, name):
    return linear(rows, w[f"{name}.conv.weight"][:, :, 0, 0], w.get(f"{name}.conv.bias"))


def normed(rows, w, name):
    mean, var = w[f"{name}.norm.running_mean"], w[f"{name}.norm.running_var"]
    slope = w[f"{name}.norm.weight"] * torch.rsqrt(var + 1e-5)
    return slope * rows + (w[f"{name}.norm.bias"] - slope * mean)


def restate(x, y, w, *, norms):
    assert len(w["of_map.conv.weight"]) == max(x.shape[1] // 2, 1)
    assert ("of_map.conv.bias" in w) == norms
    skip, gate = x.flatten(2).mT, y.flatten(2).mT
    of_map, of_gate = pointwise(skip, w, "of_map"), pointwise(gate, w, "of_gate")
    if norms:  # AttU_Net: a norm behind each projection, none behind the gate
        of_map, of_gate = normed(of_map, w, "of_map"), normed(of_gate, w, "of_gate")
        score = normed(pointwise((of_map + of_gate).clamp_min(0), w, "score"), w, "score")
        return (skip * sigmoid(score)).mT.reshape(x.shape)
    score = pointwise((of_map + of_gate).clamp_min(0), w, "score")
    return normed(pointwise(skip * sigmoid(score), w, "project"), w, "project").mT.reshape(x.shape)

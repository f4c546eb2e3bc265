"""Pyramid Squeeze Attention of EPSANet, restated from its formulas."""

import torch

from tests.modules.restatements._maths import conv2d, linear, sigmoid, softmax


def restate(x, w, *, groups, reduction):
    if groups is None:
        groups = (1, 4, 8, 16)
    elif isinstance(groups, int):
        groups = (groups,) * 4
    quarter = x.shape[1] // 4
    assert w["squeeze.weight"].shape[0] == quarter // reduction
    branches, scores = [], []
    for i, kernel in enumerate((3, 5, 7, 9)):
        weight = w[f"pyramid.{i}.weight"]
        assert weight.shape == (quarter, x.shape[1] // groups[i], kernel, kernel)
        f = conv2d(x, weight, padding=kernel // 2, groups=groups[i])
        s = f.sum(dim=(2, 3)) / (f.shape[2] * f.shape[3])
        hidden = linear(s, w["squeeze.weight"][:, :, 0, 0], w["squeeze.bias"]).clamp(min=0)
        branches.append(f)
        scores.append(sigmoid(linear(hidden, w["excite.weight"][:, :, 0, 0], w["excite.bias"])))
    gates = softmax(torch.stack(scores), 0)
    return torch.cat([branches[i] * gates[i][:, :, None, None] for i in (3, 2, 1, 0)], dim=1)

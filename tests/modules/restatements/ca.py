"""Coordinate Attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, linear, sigmoid


def restate(x, w, *, reduction, min_hidden, bias, activation):
    c, height, width = x.shape[1:]
    hidden = max(min_hidden, c // reduction)
    assert w["reduce.weight"].shape == (hidden, c, 1, 1)

    def pointwise(t, name):
        shift = w[f"{name}.bias"] if bias else None
        return linear(t.transpose(1, 2), w[f"{name}.weight"][:, :, 0, 0], shift).transpose(1, 2)

    def act(t):
        return t.clamp(min=0) if activation == "relu" else t * (t + 3).clamp(0, 6) / 6

    assert ("reduce.bias" in w) == ("rows.bias" in w) == ("columns.bias" in w) == bias
    line = torch.cat([x.sum(dim=3) / width, x.sum(dim=2) / height], dim=2)
    line = act(batch_norm(pointwise(line, "reduce"), w, "norm"))
    rows = sigmoid(pointwise(line[:, :, :height], "rows"))
    columns = sigmoid(pointwise(line[:, :, height:], "columns"))
    return torch.einsum("nchw,nch,ncw->nchw", x, rows, columns)

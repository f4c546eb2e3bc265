"""Frequency Channel Attention, restated from its formulas."""

import math

import torch

from tests.modules.restatements._maths import sigmoid

GRID = {
    "top16": (
        [0, 0, 6, 0, 0, 1, 1, 4, 5, 1, 3, 0, 0, 0, 3, 2],
        [0, 1, 0, 5, 2, 0, 2, 0, 0, 6, 0, 4, 6, 3, 5, 2],
    ),
    "low16": (
        [0, 0, 1, 1, 0, 2, 2, 1, 2, 0, 3, 4, 0, 1, 3, 0],
        [0, 1, 0, 1, 2, 0, 1, 2, 2, 3, 0, 0, 4, 3, 1, 5],
    ),
}


def cosine(t, f, length):
    return math.cos(math.pi * f * (t + 0.5) / length) / math.sqrt(length) * (math.sqrt(2) if f else 1)


def averages(size, bins):
    """(bins, size): the weights of an adaptive mean along one axis."""
    weights = torch.zeros(bins, size, dtype=torch.float64)
    for i in range(bins):
        first, last = i * size // bins, -(-(i + 1) * size // bins)
        weights[i, first:last] = 1 / (last - first)
    return weights


def restate(x, w, *, reduction, frequencies, dct_size):
    c, height, width = x.shape[1:]
    rows, columns = (height, width) if dct_size is None else (dct_size, dct_size)
    basis = torch.zeros(c, rows, columns, dtype=torch.float64)
    us, vs = GRID[frequencies]
    for channel in range(c):
        group = channel // (c // len(us))
        u, v = us[group] * (rows // 7), vs[group] * (columns // 7)
        along = torch.tensor([cosine(i, u, rows) for i in range(rows)], dtype=torch.float64)
        across = torch.tensor([cosine(j, v, columns) for j in range(columns)], dtype=torch.float64)
        basis[channel] = along[:, None] * across[None, :]
    assert w["basis"].shape == basis.shape
    assert float((w["basis"] - basis).abs().max()) < 1e-6
    assert w["squeeze.weight"].shape == (c // reduction, c)
    pooled = torch.einsum("ih,nchw,jw->ncij", averages(height, rows), x, averages(width, columns))
    z = torch.einsum("ncij,cij->nc", pooled, w["basis"])
    hidden = torch.einsum("hc,nc->nh", w["squeeze.weight"], z).clamp(min=0)
    gate = sigmoid(torch.einsum("ch,nh->nc", w["excite.weight"], hidden))
    return x * gate[:, :, None, None]

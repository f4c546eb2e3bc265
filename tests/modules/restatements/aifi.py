"""AIFI, restated from its formulas."""

import torch

from tests.modules.restatements._maths import linear, softmax


def layer_norm(t, w, name):
    centred = t - t.mean(-1, keepdim=True)
    return (
        centred / ((centred**2).mean(-1, keepdim=True) + 1e-5) ** 0.5 * w[f"{name}.weight"]
        + w[f"{name}.bias"]
    )


def places(height, width, channels):
    """(height*width, channels), the positions row by row."""
    f = 10000 ** (-torch.arange(channels // 4, dtype=torch.float64) / (channels // 4))
    rows = []
    for row in range(height):
        for column in range(width):
            rows.append(torch.cat(((row * f).sin(), (row * f).cos(), (column * f).sin(), (column * f).cos())))
    return torch.stack(rows)


def restate(x, w, *, heads, hidden):
    n, c, height, width = x.shape
    t = x.flatten(2).transpose(1, 2)
    placed = t + places(height, width, c)
    weight, bias = w["query_key.weight"], w["query_key.bias"]
    q, k = linear(placed, weight[:c], bias[:c]), linear(placed, weight[c:], bias[c:])
    v = linear(t, w["value.weight"], w["value.bias"])
    q, k, v = (part.reshape(n, -1, heads, c // heads) for part in (q, k, v))
    weights = softmax(torch.einsum("nqhd,nkhd->nhqk", q, k) / (c // heads) ** 0.5, 3)
    a = torch.einsum("nhqk,nkhd->nqhd", weights, v).reshape(n, -1, c)
    t = layer_norm(t + linear(a, w["project.weight"], w["project.bias"]), w, "norm1")
    wide = linear(t, w["widen.weight"], w["widen.bias"])
    assert wide.shape[2] == hidden
    wide = wide * (1 + torch.erf(wide / 2**0.5)) / 2
    t = layer_norm(t + linear(wide, w["narrow.weight"], w["narrow.bias"]), w, "norm2")
    return t.transpose(1, 2).reshape(x.shape)

"""Agent attention, restated from its formulas."""

import math

import torch

from tests.modules.restatements._maths import conv2d, linear, softmax


def averages(long, short):
    """(short, long): the means over the bins of an axis, which cover it and may overlap."""
    m = torch.zeros(short, long, dtype=torch.float64)
    for i in range(short):
        first, last = math.floor(i * long / short), math.ceil((i + 1) * long / short)
        m[i, first:last] = 1 / (last - first)
    return m


def interpolation(source, target):
    """(target, source): linear between the centres of an axis's cells, constant beyond the outermost."""
    m = torch.zeros(target, source, dtype=torch.float64)
    for i in range(target):
        place = min(max((i + 0.5) * source / target - 0.5, 0), source - 1)
        below = min(math.floor(place), source - 2)
        m[i, below] += below + 1 - place
        m[i, below + 1] += place - below
    return m


def bias(w, name, height, width):
    """(heads, agents, positions)."""
    table = w[f"{name}.table"]
    grown = torch.einsum(
        "yi,xj,haij->hayx", interpolation(table.shape[2], height), interpolation(table.shape[3], width), table
    )
    return (grown + w[f"{name}.rows"] + w[f"{name}.columns"]).flatten(2)


def restate(x, w, *, agents, heads, qkv_bias):
    n, c, height, width = x.shape
    heads = heads or c // 64
    d = c // heads
    stage = min(max(round(math.log2(56 / min(height, width))), 0), 3)
    side = math.isqrt(agents or (9, 16, 49, 49)[stage])
    assert qkv_bias == ("query.bias" in w) == ("key_value.bias" in w)

    tokens = x.flatten(2).transpose(1, 2)
    q = linear(tokens, w["query.weight"], w.get("query.bias"))
    kv = linear(tokens, w["key_value.weight"], w.get("key_value.bias"))
    k, v = kv[..., :c], kv[..., c:]
    a = torch.einsum(
        "iy,jx,nyxc->nijc", averages(height, side), averages(width, side), q.reshape(n, height, width, c)
    )
    q, k, values, a = (t.reshape(n, -1, heads, d) for t in (q, k, v, a))

    gather = softmax(
        torch.einsum("nahd,nphd->nhap", a, k) / d**0.5 + bias(w, "gather_bias", height, width), -1
    )
    gathered = torch.einsum("nhap,nphd->nhad", gather, values)
    read = torch.einsum("nphd,nahd->nhpa", q, a) / d**0.5 + bias(w, "read_bias", height, width).transpose(
        1, 2
    )
    y = torch.einsum("nhpa,nhad->nphd", softmax(read, -1), gathered).reshape(n, -1, c)

    near = conv2d(
        v.transpose(1, 2).reshape(n, c, height, width),
        w["local.weight"],
        w["local.bias"],
        padding=1,
        groups=c,
    )
    y = linear(y + near.flatten(2).transpose(1, 2), w["project.weight"], w["project.bias"])
    return y.transpose(1, 2).reshape(n, c, height, width)

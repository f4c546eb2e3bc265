"""QuadTree attention, form B, restated: at every level the whole matrix of scores under a mask, which is opened for the
four children of each pair of places whose weight is among the largest of its row."""

import math

import torch

from tests.modules.restatements._maths import conv2d, linear, softmax


def quarters(t):
    """The four pixels of every square of two by two, by row and column."""
    return [[t[:, :, i::2, j::2] for j in (0, 1)] for i in (0, 1)]


def halved(t):
    (a, b), (c, d) = quarters(t)
    return (a + b + c + d) / 4


def doubled(t):
    return t.repeat_interleave(2, -2).repeat_interleave(2, -1)


def normed_gelu(t, w, name):
    """A norm over all channels and places of an image, then GELU."""
    centred = t - t.mean((1, 2, 3), keepdim=True)
    unit = centred / (centred.square().mean((1, 2, 3), keepdim=True) + 1e-5).sqrt()
    u = unit * w[f"{name}.weight"][:, None, None] + w[f"{name}.bias"][:, None, None]
    return u * (1 + torch.erf(u / 2**0.5)) / 2


def coarser(v, w, name):
    """Values at half the size: a convolution of squares of two by two, and one of single positions."""
    squares, weight = quarters(normed_gelu(v, w, f"{name}.0")), w[f"{name}.2.weight"]
    sums = [torch.einsum("oc,nchw->nohw", weight[..., i, j], squares[i][j]) for i in (0, 1) for j in (0, 1)]
    v = sum(sums) + w[f"{name}.2.bias"][:, None, None]
    return conv2d(normed_gelu(v, w, f"{name}.3"), w[f"{name}.5.weight"], w[f"{name}.5.bias"])


def opened(among, h, width):
    """The mask of the next level, of pairs of places, from the pairs of this one that are looked into."""
    n, heads = among.shape[:2]
    pairs = among.reshape(n, heads, h, width, h, width)
    for axis in (2, 3, 4, 5):
        pairs = pairs.repeat_interleave(2, axis)
    return pairs.reshape(n, heads, 4 * h * width, 4 * h * width)


def by_size(side):
    """The published models' levels: 4 for a side of 56, 3 for 28, 2 for 14, 1 for 7; else those of the nearest, by
    ratio."""
    return min((4, 3, 2, 1), key=lambda count: abs(math.log2(side / 7) - (count - 1)))


def restate(x, w, *, heads, levels, topk, qkv_bias):
    n, c = x.shape[:2]
    heads = c // 64 if heads is None else heads
    count = levels or by_size(min(x.shape[2:]))
    assert len(w["level_weight"]) == count
    assert ("query.bias" in w) == qkv_bias

    queries, keys, values = (
        [conv2d(x, w[f"{name}.weight"], w.get(f"{name}.bias"))] for name in ("query", "key", "value")
    )
    for i in range(count - 1):
        queries.append(halved(queries[i]))
        keys.append(halved(keys[i]))
        values.append(coarser(values[i], w, f"coarsen.{i}"))

    share = softmax(w["level_weight"], 0)
    total, allowed = 0, torch.tensor(True)
    for i, (q, k, v) in enumerate(zip(queries[::-1], keys[::-1], values[::-1], strict=True)):
        h, width = q.shape[2:]
        per_head = [t.reshape(n, heads, c // heads, h * width) for t in (q, k, v)]
        scores = torch.einsum("nadq,nadk->naqk", *per_head[:2]) / (c // heads) ** 0.5
        attention = softmax(scores.masked_fill(~allowed, -torch.inf), -1)
        message = torch.einsum("naqk,nadk->nadq", attention, per_head[2]).reshape(n, c, h, width)
        local = conv2d(v, w[f"local.{i}.weight"], w[f"local.{i}.bias"], padding=1, groups=c)
        total = share[i] * (message + local) + (doubled(total) if i else 0)
        if i < count - 1:
            smallest = attention.sort(-1, descending=True).values[..., topk - 1 : topk]
            allowed = opened(attention >= smallest, h, width)
    return linear(total.movedim(1, -1), w["project.weight"], w["project.bias"]).movedim(-1, 1)

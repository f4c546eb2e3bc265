"""QuadTree attention, restated from its formulas: every level over all positions, those that nobody took masked."""

import math

import torch

from tests.modules.restatements._maths import conv2d, linear, softmax


def gelu(t):
    return t * (1 + torch.erf(t / math.sqrt(2))) / 2


def normalised(t, weight, bias):
    """Each image's values with mean 0 and variance 1, then scaled and shifted by channel."""
    mean = t.mean(dim=(1, 2, 3), keepdim=True)
    variance = ((t - mean) ** 2).mean(dim=(1, 2, 3), keepdim=True)
    return (t - mean) / (variance + 1e-5) ** 0.5 * weight[:, None, None] + bias[:, None, None]


def halved(t):
    return (t[..., ::2, ::2] + t[..., 1::2, ::2] + t[..., ::2, 1::2] + t[..., 1::2, 1::2]) / 4


def doubled(t):
    return t.repeat_interleave(2, dim=-2).repeat_interleave(2, dim=-1)


def largest(a, count, seen):
    """Whether each of the last axis is among the ``count`` largest of those ``seen``."""
    a = a.masked_fill(~seen, -1.0)
    return (a[..., None, :] > a[..., :, None]).sum(dim=-1) < count


def to_children(taken, height, width):
    """(N, heads, h*w, h*w) pairs of positions to those of their children, in a map of height x width."""
    n, heads = taken.shape[:2]
    rows, columns = torch.arange(height) // 2, torch.arange(width) // 2
    parent = (rows[:, None] * (width // 2) + columns[None, :]).flatten()
    return taken[:, :, parent][:, :, :, parent].reshape(n, heads, height * width, height * width)


def restate(x, w, *, heads, levels, topk, qkv_bias):
    n, c, height, width = x.shape
    heads, d = heads or c // 64, c // (heads or c // 64)
    stage = min(max(round(math.log2(56 / min(height, width))), 0), 3)
    levels = levels or 4 - stage
    q, k, v = (conv2d(x, w[f"{name}.weight"], w.get(f"{name}.bias")) for name in ("query", "key", "value"))
    pyramid = [(q, k, v)]
    for level in range(levels - 1):
        name = f"coarsen.{level}"
        v = gelu(normalised(v, w[f"{name}.0.weight"], w[f"{name}.0.bias"]))
        v = conv2d(v, w[f"{name}.2.weight"], w[f"{name}.2.bias"], stride=2)
        v = gelu(normalised(v, w[f"{name}.3.weight"], w[f"{name}.3.bias"]))
        v = conv2d(v, w[f"{name}.5.weight"], w[f"{name}.5.bias"])
        q, k = halved(q), halved(k)
        pyramid.append((q, k, v))

    shares = softmax(w["level_weight"], 0)
    merged, taken = 0, None
    for place, (q, k, v) in enumerate(reversed(pyramid)):
        rows, columns = q.shape[2:]
        if taken is None:
            seen = torch.ones(n, heads, rows * columns, rows * columns, dtype=torch.bool)
        else:
            seen, merged = to_children(taken, rows, columns), doubled(merged)
        queries, keys, values = (t.reshape(n, heads, d, rows * columns) for t in (q, k, v))
        logits = torch.einsum("nhdq,nhdk->nhqk", queries, keys) / d**0.5
        a = softmax(logits.masked_fill(~seen, -math.inf), -1)
        taken = largest(a, topk, seen) & seen
        out = torch.einsum("nhqk,nhdk->nhdq", a, values).reshape(n, c, rows, columns)
        name = f"local.{place}"
        out = out + conv2d(v, w[f"{name}.weight"], w[f"{name}.bias"], padding=1, groups=c)
        merged = merged + shares[place] * out
    y = linear(merged.permute(0, 2, 3, 1), w["project.weight"], w["project.bias"])
    return y.permute(0, 3, 1, 2)

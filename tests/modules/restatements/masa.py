"""RMT's Manhattan self-attention, restated from its formulas with the weights of all pairs."""

import math

import torch

from tests.modules.restatements._maths import conv2d, linear, softmax


def turned(t, frequencies):
    """t (n, positions, d): channels 2j and 2j+1 as a point in the plane, turned by position * f_j."""
    angle = torch.arange(t.shape[1], dtype=t.dtype)[:, None] * frequencies
    even, odd = t[..., 0::2], t[..., 1::2]
    out = torch.empty_like(t)
    out[..., 0::2] = even * angle.cos() - odd * angle.sin()
    out[..., 1::2] = even * angle.sin() + odd * angle.cos()
    return out


def restate(x, w, *, whole, heads, decay_range):
    n, c, height, width = x.shape
    heads = heads or max(c // 32, 4)
    r = (4 if c <= 128 else 6) if decay_range is None else decay_range
    d = c // heads
    tokens = x.flatten(2).transpose(1, 2)
    q, k, v = (linear(tokens, w[f"{t}.weight"], w[f"{t}.bias"]) for t in ("query", "key", "value"))
    pairs = d // 2
    exponents = [j / (pairs - 1) if pairs > 1 else 0.0 for j in range(pairs)]
    frequencies = torch.tensor([10000.0**-e for e in exponents], dtype=x.dtype)
    row = torch.arange(height).repeat_interleave(width)
    column = torch.arange(width).repeat(height)
    down = (row[:, None] - row).abs().to(x.dtype)
    across = (column[:, None] - column).abs().to(x.dtype)
    out = torch.zeros_like(v)
    for h in range(heads):
        own = slice(h * d, (h + 1) * d)
        decay = math.log(1 - 2 ** (-2 - r * h / heads))
        products = torch.einsum(
            "npd,nmd->npm", turned(q[..., own], frequencies), turned(k[..., own], frequencies)
        )
        products = products / d**0.5
        mixed = v[..., own]
        if whole:
            steps = [products + (down + across) * decay]
        else:
            steps = [
                (products + across * decay).masked_fill(down > 0, -math.inf),
                (products + down * decay).masked_fill(across > 0, -math.inf),
            ]
        for logits in steps:
            mixed = torch.einsum("npm,nmd->npd", softmax(logits, 2), mixed)
        out[..., own] = mixed
    maps = v.transpose(1, 2).reshape(x.shape)
    local = conv2d(maps, w["local.weight"], w["local.bias"], padding=2, groups=c)
    out = out + local.flatten(2).transpose(1, 2)
    return linear(out, w["project.weight"], w["project.bias"]).transpose(1, 2).reshape(x.shape)

"""CrossFormer's short and long distance attention, restated from its formulas."""

import math

import torch

from tests.modules.restatements._maths import linear, softmax


def dynamic_bias(w, offsets):
    """The position MLP: offsets (..., 2) to one number per head (..., heads)."""
    t = linear(offsets, w["position.project.weight"], w["position.project.bias"])
    for layer in range(3):
        norm, dense = f"position.layers.{layer}.0", f"position.layers.{layer}.2"
        centred = t - t.mean(-1, keepdim=True)
        t = centred / ((centred**2).mean(-1, keepdim=True) + 1e-5) ** 0.5
        t = (t * w[f"{norm}.weight"] + w[f"{norm}.bias"]).clamp(min=0)
        t = linear(t, w[f"{dense}.weight"], w[f"{dense}.bias"])
    return t


def restate(x, w, *, mode, group_size, interval, heads, qkv_bias):
    n, c, height, width = x.shape
    g = group_size
    heads = heads or c // 32
    d = c // heads
    stage = min(max(round(math.log2(56 / min(height, width))), 0), 3)
    step = 1 if mode == "short" else interval or (8, 4, 2, 1)[stage]
    qkv = linear(x.permute(0, 2, 3, 1), w["qkv.weight"], w["qkv.bias"] if qkv_bias else None)
    q, k, v = (t.reshape(n, height, width, heads, d) for t in qkv.split(c, dim=-1))

    rows, columns = (t.flatten() for t in torch.meshgrid(torch.arange(g), torch.arange(g), indexing="ij"))
    offsets = torch.stack((rows[:, None] - rows[None, :], columns[:, None] - columns[None, :]), dim=-1)
    bias = dynamic_bias(w, offsets.to(x.dtype)).permute(2, 0, 1)

    out = torch.zeros(n, height, width, heads, d, dtype=x.dtype)
    tile = g * step
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            for i in range(step):
                for j in range(step):
                    ys, xs = top + i + step * rows, left + j + step * columns
                    logits = torch.einsum("nqhd,nkhd->nhqk", q[:, ys, xs], k[:, ys, xs]) / d**0.5 + bias
                    out[:, ys, xs] = torch.einsum("nhqk,nkhd->nqhd", softmax(logits, -1), v[:, ys, xs])
    y = linear(out.reshape(n, height, width, c), w["project.weight"], w["project.bias"])
    return y.permute(0, 3, 1, 2)

"""Restormer's multi-Dconv head transposed attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import conv2d, softmax


def restate(x, w, *, heads, bias):
    n, c, h, width = x.shape
    heads = c // 64 if heads is None else heads
    assert all((f"{name}.bias" in w) == bias for name in ("qkv", "depthwise", "project"))
    t = conv2d(x, w["qkv.weight"], w.get("qkv.bias"))
    t = conv2d(t, w["depthwise.weight"], w.get("depthwise.bias"), padding=1, groups=3 * c)
    t = t.reshape(n, 3 * c, h * width)
    d = c // heads
    outs = []
    for head in range(heads):
        q, k, v = (t[:, part * c + head * d : part * c + (head + 1) * d] for part in range(3))
        q, k = (s / ((s * s).sum(dim=2, keepdim=True) ** 0.5).clamp(min=1e-12) for s in (q, k))
        a = softmax(torch.einsum("nap,nbp->nab", q, k) * w["temperature"][head, 0, 0], 2)
        outs.append(torch.einsum("nab,nbp->nap", a, v))
    return conv2d(torch.cat(outs, 1).reshape(x.shape), w["project.weight"], w.get("project.bias"))

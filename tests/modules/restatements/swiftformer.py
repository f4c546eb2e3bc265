"""SwiftFormer's efficient additive attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import linear


def unit(t, axis):
    return t / ((t * t).sum(dim=axis, keepdim=True) ** 0.5).clamp(min=1e-12)


def restate(x, w, *, heads):
    n, c, h, width = x.shape
    tokens = x.reshape(n, c, h * width).transpose(1, 2)
    assert w["score"].shape == (c * heads, 1)
    q = unit(linear(tokens, w["query.weight"], w["query.bias"]), 2)
    k = unit(linear(tokens, w["key.weight"], w["key.bias"]), 2)
    a = unit(torch.einsum("npc,c->np", q, w["score"][:, 0]) * c**-0.5, 1)
    g = torch.einsum("np,npc->nc", a, q)
    out = linear(g[:, None] * k, w["project.weight"], w["project.bias"]) + q
    return linear(out, w["final.weight"], w["final.bias"]).transpose(1, 2).reshape(x.shape)

"""Linformer attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import linear, softmax


def restate(x, w, *, heads, length, share):
    c = x.shape[1]
    d = c // heads
    tokens = x.flatten(2).transpose(1, 2)
    assert w["key_sum"].shape == (tokens.shape[1], length)
    q = linear(tokens, w["query.weight"])
    k = torch.einsum("npc,ps->nsc", linear(tokens, w["key.weight"]), w["key_sum"])
    v = k
    if not share:
        v = torch.einsum("npc,ps->nsc", linear(tokens, w["value.weight"]), w["value_sum"])
    out = torch.zeros_like(q)
    for first in range(0, c, d):
        own = slice(first, first + d)
        weights = softmax(torch.einsum("npd,nsd->nps", q[..., own], k[..., own]) / d**0.5, 2)
        out[..., own] = torch.einsum("nps,nsd->npd", weights, v[..., own])
    return linear(out, w["project.weight"], w["project.bias"]).transpose(1, 2).reshape(x.shape)

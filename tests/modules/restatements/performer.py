"""Performer attention, restated from its formulas: the weights of all pairs are formed."""

import torch

from tests.modules.restatements._maths import linear


def random_features(t, random, axes):
    """t (n, positions, d) to (n, positions, m); axes: over which the largest is taken away."""
    count, d = random.shape
    t = t * d**-0.25
    products = torch.einsum("npd,md->npm", t, random)
    shifted = products - 0.5 * t.pow(2).sum(2, keepdim=True) - products.amax(dim=axes, keepdim=True)
    return (torch.exp(shifted) + 1e-4) / count**0.5


def restate(x, w, *, heads, head_channels, features, qkv_bias):
    c = x.shape[1]
    d = head_channels or c // heads
    tokens = x.flatten(2).transpose(1, 2)
    q, k, v = (
        linear(tokens, w[f"{name}.weight"], w[f"{name}.bias"] if qkv_bias else None)
        for name in ("query", "key", "value")
    )
    assert features is None or w["random"].shape[0] == features
    out = torch.zeros_like(q)
    for h in range(heads):
        own = slice(h * d, (h + 1) * d)
        queries = random_features(q[..., own], w["random"], (2,))
        keys = random_features(k[..., own], w["random"], (1, 2))
        pairs = torch.einsum("npm,nrm->npr", queries, keys)
        out[..., own] = torch.einsum("npr,nrd->npd", pairs / pairs.sum(2, keepdim=True), v[..., own])
    return linear(out, w["project.weight"], w["project.bias"]).transpose(1, 2).reshape(x.shape)

"""FLatten's focused linear attention, restated from its formulas: the weights of all pairs are formed."""

import torch

from tests.modules.restatements._maths import conv2d, linear


def focused(t, p):
    powers = t**p
    return t.norm(dim=-1, keepdim=True) * powers / powers.norm(dim=-1, keepdim=True)


def restate(x, w, *, heads, focus, kernel_size, qkv_bias):
    n, c, height, width = x.shape
    heads = heads or max(c // 64, 1)
    d, positions = c // heads, height * width
    tokens = x.flatten(2).transpose(1, 2)
    q = linear(tokens, w["query.weight"], w["query.bias"] if qkv_bias else None)
    kv = linear(tokens, w["key_value.weight"], w["key_value.bias"] if qkv_bias else None)
    k, v = kv[..., :c] + w["position"].reshape(positions, c), kv[..., c:]
    scale = torch.log1p(torch.exp(w["scale"].reshape(c)))
    q, k = (focused((t.clamp(min=0) + 1e-6) / scale, focus) for t in (q, k))
    out = torch.zeros_like(v)
    for h in range(heads):
        own = slice(h * d, (h + 1) * d)
        pairs = torch.einsum("nid,njd->nij", q[..., own], k[..., own])
        weights = pairs / positions / (pairs.mean(dim=2, keepdim=True) + 1e-6)
        out[..., own] = torch.einsum("nij,njd->nid", weights, v[..., own])
    maps = v.transpose(1, 2).reshape(n * heads, d, height, width)
    local = conv2d(maps, w["local.weight"], w["local.bias"], padding=kernel_size // 2, groups=d)
    out = out + local.reshape(n, c, positions).transpose(1, 2)
    return linear(out, w["project.weight"], w["project.bias"]).transpose(1, 2).reshape(x.shape)

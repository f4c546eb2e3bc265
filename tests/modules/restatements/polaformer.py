"""PolaFormer's polarity-aware linear attention, restated from its formulas: the weights of all pairs are formed."""

import torch

from tests.modules.restatements._maths import conv2d, linear, sigmoid


def halves(w, name, tokens, bias):
    both = linear(tokens, w[f"{name}.weight"], w[f"{name}.bias"] if bias else None)
    c = both.shape[-1] // 2
    return both[..., :c], both[..., c:]


def restate(x, w, *, heads, alpha, kernel_size, qkv_bias):
    n, c, height, width = x.shape
    heads = heads or max(c // 64, 1)
    d, positions = c // heads, height * width
    tokens = x.flatten(2).transpose(1, 2)
    q, g = halves(w, "query_gate", tokens, qkv_bias)
    k, v = halves(w, "key_value", tokens, qkv_bias)
    scale = torch.log1p(torch.exp(w["scale"].reshape(c)))
    q, k = q / scale, (k + w["position"].reshape(positions, c)) / scale
    out = torch.zeros_like(v)
    for h in range(heads):
        own = slice(h * d, (h + 1) * d)
        exponent = 1 + alpha * sigmoid(w["power"][h].reshape(d))
        q_plus, k_plus = (t[..., own].clamp(min=0) ** exponent for t in (q, k))
        q_minus, k_minus = ((-t[..., own]).clamp(min=0) ** exponent for t in (q, k))
        key = torch.cat((k_plus, k_minus), 2)
        middle = h * d + d // 2
        for query, part in (
            (torch.cat((q_plus, q_minus), 2), slice(h * d, middle)),
            (torch.cat((q_minus, q_plus), 2), slice(middle, (h + 1) * d)),
        ):
            pairs = torch.einsum("nid,njd->nij", query, key)
            weights = pairs / positions / (pairs.mean(dim=2, keepdim=True) + 1e-6)
            out[..., part] = torch.einsum("nij,njd->nid", weights, v[..., part])
    maps = v.transpose(1, 2).reshape(n * heads, d, height, width)
    local = conv2d(maps, w["local.weight"], w["local.bias"], padding=kernel_size // 2, groups=d)
    out = g * (out + local.reshape(n, c, positions).transpose(1, 2))
    return linear(out, w["project.weight"], w["project.bias"]).transpose(1, 2).reshape(x.shape)

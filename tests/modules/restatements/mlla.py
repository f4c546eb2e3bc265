"""The token mixer of MLLA, restated from its formulas: the weights of all pairs are formed."""

import torch

from tests.modules.restatements._maths import conv2d, linear, sigmoid


def silu(t):
    return t * sigmoid(t)


def to_map(tokens, shape):
    return tokens.transpose(1, 2).reshape(shape)


def turned(t, height, width):
    """t (n, H*W, C): channels 2j and 2j+1 turned by rows in the first half of the channels, by columns in the second."""
    c = t.shape[2]
    row = torch.arange(height).repeat_interleave(width).to(t.dtype)
    column = torch.arange(width).repeat(height).to(t.dtype)
    out = torch.empty_like(t)
    for j in range(c // 2):
        axis, number = (row, j) if j < c // 4 else (column, j - c // 4)
        angle = axis * 10000.0 ** (-number / (c / 4))
        one, other = t[..., 2 * j], t[..., 2 * j + 1]
        out[..., 2 * j] = one * angle.cos() - other * angle.sin()
        out[..., 2 * j + 1] = one * angle.sin() + other * angle.cos()
    return out


def attention(u, w, shape, heads, qkv_bias):
    c, height, width = shape[1:]
    d, positions = c // heads, height * width
    name = "attention.query_key"
    both = linear(u, w[f"{name}.weight"], w[f"{name}.bias"] if qkv_bias else None)
    both = torch.where(both > 0, both + 1, torch.exp(both.clamp(max=0)))
    q, k = both[..., :c], both[..., c:]
    q_turned, k_turned = turned(q, height, width), turned(k, height, width)
    out = torch.zeros_like(u)
    for h in range(heads):
        own = slice(h * d, (h + 1) * d)
        pairs = torch.einsum("nid,njd->nij", q_turned[..., own], k_turned[..., own]) / positions
        weight = torch.einsum("nid,njd->nij", q[..., own], k[..., own]).mean(dim=2, keepdim=True)
        out[..., own] = torch.einsum("nij,njd->nid", pairs, u[..., own]) / (weight + 1e-6)
    local = conv2d(
        to_map(u, shape), w["attention.local.weight"], w["attention.local.bias"], padding=1, groups=c
    )
    return out + local.flatten(2).transpose(1, 2)


def restate(x, w, *, heads, gated, qkv_bias):
    c = x.shape[1]
    heads = heads or max(c // 32, 1)
    tokens = x.flatten(2).transpose(1, 2)
    if not gated:
        return to_map(attention(tokens, w, x.shape, heads, qkv_bias), x.shape)
    entered = to_map(linear(tokens, w["enter.weight"], w["enter.bias"]), x.shape)
    u = silu(conv2d(entered, w["depthwise.weight"], w["depthwise.bias"], padding=1, groups=c))
    attended = attention(u.flatten(2).transpose(1, 2), w, x.shape, heads, qkv_bias)
    gate = silu(linear(tokens, w["gate.weight"], w["gate.bias"]))
    return to_map(linear(attended * gate, w["project.weight"], w["project.bias"]), x.shape)

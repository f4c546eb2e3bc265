"""C2PSA and PSABlock, restated from their formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid, softmax


def conv(x, w, name, **options):
    return batch_norm(conv2d(x, w[f"{name}.conv.weight"], **options), w, f"{name}.norm")


def silu(t):
    return t * sigmoid(t)


def attention(b, w, name, heads, attn_ratio):
    n, c, height, width = b.shape
    d = c // heads
    key = int(d * attn_ratio)
    qkv = conv(b, w, f"{name}.qkv").flatten(2)
    out, values = [], []
    for head in qkv.split(2 * key + d, dim=1):
        q, k, v = head[:, :key], head[:, key : 2 * key], head[:, 2 * key :]
        weights = softmax(torch.einsum("ncq,nck->nqk", q, k) / key**0.5, 2)
        out.append(torch.einsum("nqk,nck->ncq", weights, v))
        values.append(v)
    out, v = (torch.cat(parts, dim=1).reshape(n, c, height, width) for parts in (out, values))
    return conv(out + conv(v, w, f"{name}.local", padding=1, groups=c), w, f"{name}.project")


def pair(b, w, name, heads, attn_ratio):
    b = b + attention(b, w, f"{name}.attention", heads, attn_ratio)
    return b + conv(silu(conv(b, w, f"{name}.widen")), w, f"{name}.narrow")


def restate(x, w, *, depth, expansion, heads, attn_ratio, alone):
    c = x.shape[1] if alone else int(x.shape[1] * expansion)
    heads = heads or max(1, c // 64)
    if alone:
        return pair(x, w, "blocks.0", heads, attn_ratio)
    both = silu(conv(x, w, "split"))
    a, b = both[:, :c], both[:, c:]
    for i in range(depth):
        b = pair(b, w, f"blocks.{i}", heads, attn_ratio)
    return silu(conv(torch.cat((a, b), dim=1), w, "join"))

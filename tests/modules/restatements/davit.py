"""Channel-group attention of DaViT, restated from its formulas."""

import torch

from tests.modules.restatements._maths import linear, softmax


def restate(x, w, *, heads, qkv_bias):
    n, c, h, wide = x.shape
    heads = c // 32 if heads is None else heads
    d = c // heads
    tokens = x.permute(0, 2, 3, 1).reshape(n, h * wide, c)
    qkv = linear(tokens, w["qkv.weight"], w["qkv.bias"] if qkv_bias else None)
    mixed = []
    for head in range(heads):
        q, k, v = (qkv[..., part * c + head * d : part * c + (head + 1) * d] for part in range(3))
        a = softmax(torch.einsum("npi,npj->nij", k * d**-0.5, v), -1)
        mixed.append(torch.einsum("nij,npj->npi", a, q))
    y = linear(torch.cat(mixed, -1), w["project.weight"], w["project.bias"])
    return y.reshape(n, h, wide, c).permute(0, 3, 1, 2)

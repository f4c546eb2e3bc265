"""Single-head self-attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, softmax


def conv(x, w, name):
    return batch_norm(conv2d(x, w[f"{name}.conv.weight"]), w, f"{name}.norm")


def restate(x, w, *, partial, key_channels):
    p = 3 * x.shape[1] // 14 if partial is None else partial
    a, b = x[:, :p], x[:, p:]
    centred = a - a.mean((1, 2, 3), keepdim=True)
    u = centred / ((centred**2).mean((1, 2, 3), keepdim=True) + 1e-5) ** 0.5
    u = u * w["norm.weight"][:, None, None] + w["norm.bias"][:, None, None]
    qkv = conv(u, w, "qkv").flatten(2)
    q, k, v = qkv[:, :key_channels], qkv[:, key_channels : 2 * key_channels], qkv[:, 2 * key_channels :]
    weights = softmax(torch.einsum("ncq,nck->nqk", q, k) / key_channels**0.5, 2)
    o = torch.einsum("nqk,nck->ncq", weights, v).reshape(a.shape)
    return x + conv(torch.cat((o, b), dim=1).clamp(min=0), w, "project")

"""Cross-covariance attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import softmax


def restate(x, w, *, heads, qkv_bias):
    n, c, h, width = x.shape
    qkv = torch.einsum("oc,ncp->nop", w["qkv.weight"], x.reshape(n, c, h * width))
    if qkv_bias:
        qkv = qkv + w["qkv.bias"][:, None]
    d = c // heads
    outs = []
    for head in range(heads):
        q, k, v = (qkv[:, part * c + head * d : part * c + (head + 1) * d] for part in range(3))
        q, k = (t / ((t * t).sum(dim=2, keepdim=True) ** 0.5).clamp(min=1e-12) for t in (q, k))
        a = softmax(torch.einsum("nap,nbp->nab", q, k) * w["temperature"][head, 0, 0], 2)
        outs.append(torch.einsum("nab,nbp->nap", a, v))
    out = torch.einsum("oc,ncp->nop", w["project.weight"], torch.cat(outs, 1)) + w["project.bias"][:, None]
    return out.reshape(x.shape)

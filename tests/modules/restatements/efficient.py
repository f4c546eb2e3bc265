"""Efficient attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import softmax


def restate(x, w, *, reduction, key_channels, value_channels, heads):
    n, c, h, width = x.shape
    key_channels = c // reduction if key_channels is None else key_channels
    value_channels = c // reduction if value_channels is None else value_channels
    flat = x.reshape(n, c, h * width)

    def conv1x1(name, t):
        return torch.einsum("oc,ncp->nop", w[f"{name}.weight"][:, :, 0, 0], t) + w[f"{name}.bias"][:, None]

    q, k, v = (conv1x1(name, flat) for name in ("query", "key", "value"))
    dk, dv = key_channels // heads, value_channels // heads
    outs = []
    for head in range(heads):
        keys = softmax(k[:, head * dk : (head + 1) * dk], 2)
        queries = softmax(q[:, head * dk : (head + 1) * dk], 1)
        context = torch.einsum("nap,nbp->nab", keys, v[:, head * dv : (head + 1) * dv])
        outs.append(torch.einsum("nab,nap->nbp", context, queries))
    return x + conv1x1("project", torch.cat(outs, 1)).reshape(x.shape)

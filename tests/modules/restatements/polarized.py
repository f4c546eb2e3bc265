"""Polarized self-attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import linear, sigmoid, softmax


def pointwise(w, name, t):
    """A 1x1 convolution without bias, of (N, C, positions)."""
    return torch.einsum("oc,ncp->nop", w[f"{name}.weight"][:, :, 0, 0], t)


def channel_gate(t, w, mode, reduction):
    m = softmax(pointwise(w, "channel_query", t)[:, 0], 1)
    z = torch.einsum("ncp,np->nc", pointwise(w, "channel_value", t), m)
    if mode == "parallel":
        return sigmoid(linear(z, w["channel_up.weight"][:, :, 0, 0]))
    u = linear(z, w["channel_up.0.weight"][:, :, 0, 0], w["channel_up.0.bias"])
    assert u.shape[1] == t.shape[1] // 2 // reduction
    u = u - u.sum(dim=1, keepdim=True) / u.shape[1]
    u = u / ((u**2).sum(dim=1, keepdim=True) / u.shape[1] + 1e-5) ** 0.5
    u = u * w["channel_up.1.weight"].flatten() + w["channel_up.1.bias"].flatten()
    return sigmoid(linear(u.clamp(min=0), w["channel_up.3.weight"][:, :, 0, 0], w["channel_up.3.bias"]))


def spatial_map(t, w, mode):
    g = pointwise(w, "spatial_query", t).sum(dim=2) / t.shape[2]
    theta = pointwise(w, "spatial_value", t)
    if mode == "parallel":
        return sigmoid(softmax(torch.einsum("nc,ncp->np", g, theta), 1))
    return sigmoid(torch.einsum("nc,ncp->np", g, softmax(theta, 2)))


def restate(x, w, *, mode, reduction):
    assert mode in ("parallel", "sequential")
    t = x.flatten(2)
    of_channels = t * channel_gate(t, w, mode, reduction)[:, :, None]
    if mode == "parallel":
        y = of_channels + t * spatial_map(t, w, mode)[:, None]
    else:
        y = of_channels * spatial_map(of_channels, w, mode)[:, None]
    return y.reshape(x.shape)

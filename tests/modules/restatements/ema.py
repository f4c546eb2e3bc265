"""Efficient Multi-scale Attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import conv2d, sigmoid, softmax


def instance_norm(t, scale, shift, eps=1e-5):
    mean = t.mean(dim=(2, 3), keepdim=True)
    var = ((t - mean) ** 2).mean(dim=(2, 3), keepdim=True)
    return (t - mean) / (var + eps) ** 0.5 * scale[:, None, None] + shift[:, None, None]


def restate(x, w, *, groups):
    y = torch.empty_like(x)
    g = x.shape[1] // groups
    for k in range(groups):
        z = x[:, k * g : (k + 1) * g]
        mixer = w["strips.weight"][:, :, 0, 0]
        # A 1x1 convolution does not see its neighbours, so the concatenated strips need no concatenating.
        rows = torch.einsum("oi,nih->noh", mixer, z.mean(dim=3)) + w["strips.bias"][:, None]
        columns = torch.einsum("oi,niw->now", mixer, z.mean(dim=2)) + w["strips.bias"][:, None]
        gated = torch.einsum("nchw,nch,ncw->nchw", z, sigmoid(rows), sigmoid(columns))
        x1 = instance_norm(gated, w["norm.weight"], w["norm.bias"])
        x2 = conv2d(z, w["local.weight"], w["local.bias"], padding=1)
        a1 = softmax(x1.mean(dim=(2, 3)), 1)
        a2 = softmax(x2.mean(dim=(2, 3)), 1)
        seen = torch.einsum("nc,nchw->nhw", a1, x2) + torch.einsum("nc,nchw->nhw", a2, x1)
        y[:, k * g : (k + 1) * g] = z * sigmoid(seen)[:, None]
    return y

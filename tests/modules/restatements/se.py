"""Squeeze-and-Excitation, restated from its formulas."""

import torch


def restate(x, w, *, reduction, bias):
    s = x.sum(dim=(2, 3)) / (x.shape[2] * x.shape[3])
    z = torch.einsum("hc,nc->nh", w["squeeze.weight"], s)
    if bias:
        z = z + w["squeeze.bias"]
    e = torch.einsum("ch,nh->nc", w["excite.weight"], z.clamp(min=0))
    if bias:
        e = e + w["excite.bias"]
    return torch.einsum("nc,nchw->nchw", 1 / (1 + torch.exp(-e)), x)

"""Multi-scale convolutional attention (SegNeXt), restated from its formulas."""

import torch

from tests.modules.restatements._maths import conv2d


def gelu(t):
    return t * (1 + torch.erf(t / 2**0.5)) / 2


def depthwise(x, w, name):
    weight = w[f"{name}.weight"]
    padding = (weight.shape[2] // 2, weight.shape[3] // 2)
    return conv2d(x, weight, w[f"{name}.bias"], padding=padding, groups=x.shape[1])


def pointwise(x, w, name):
    bias = w[f"{name}.bias"][None, :, None, None]
    return torch.einsum("oi,nihw->nohw", w[f"{name}.weight"][:, :, 0, 0], x) + bias


def restate(x, w, *, projections):
    inside = gelu(pointwise(x, w, "enter")) if projections else x
    local = depthwise(inside, w, "local")
    total = local
    for length in (7, 11, 21):
        strip = depthwise(local, w, f"strips.k{length}.row")
        total = total + depthwise(strip, w, f"strips.k{length}.column")
    y = inside * pointwise(total, w, "mix")
    return x + pointwise(y, w, "leave") if projections else y

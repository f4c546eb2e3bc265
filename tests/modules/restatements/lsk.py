"""Large selective kernel attention (LSKNet), restated from its formulas."""

import torch

from tests.modules.restatements._maths import conv2d, sigmoid


def gelu(t):
    return t * (1 + torch.erf(t / 2**0.5)) / 2


def pointwise(x, w, name):
    bias = w[f"{name}.bias"][None, :, None, None]
    return torch.einsum("oi,nihw->nohw", w[f"{name}.weight"][:, :, 0, 0], x) + bias


def restate(x, w, *, projections):
    inside = gelu(pointwise(x, w, "enter")) if projections else x
    channels = x.shape[1]
    near = conv2d(inside, w["near.weight"], w["near.bias"], padding=2, groups=channels)
    far = conv2d(near, w["far.weight"], w["far.bias"], padding=9, dilation=3, groups=channels)
    near, far = pointwise(near, w, "reduce_near"), pointwise(far, w, "reduce_far")
    mean = (near.sum(dim=1) + far.sum(dim=1)) / (near.shape[1] + far.shape[1])
    most = torch.maximum(near.amax(dim=1), far.amax(dim=1))
    gates = sigmoid(conv2d(torch.stack((mean, most), dim=1), w["select.weight"], w["select.bias"], padding=3))
    y = inside * pointwise(near * gates[:, :1] + far * gates[:, 1:], w, "expand")
    return x + pointwise(y, w, "leave") if projections else y

"""Channel Prior Convolutional Attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import conv2d, linear, sigmoid


def gelu(t):
    return t * (1 + torch.erf(t / 2**0.5)) / 2


def restate(x, w, *, reduction):
    channels = x.shape[1]
    assert w["squeeze.weight"].shape[0] == channels // reduction

    def project(t):
        weight, bias = w["project.weight"][:, :, 0, 0], w["project.bias"]
        return torch.einsum("oc,nchw->nohw", weight, t) + bias[None, :, None, None]

    def gate(t):
        hidden = linear(t, w["squeeze.weight"][:, :, 0, 0], w["squeeze.bias"]).clamp(min=0)
        return sigmoid(linear(hidden, w["excite.weight"][:, :, 0, 0], w["excite.bias"]))

    def depthwise(t, name):
        weight = w[f"{name}.weight"]
        padding = (weight.shape[2] // 2, weight.shape[3] // 2)
        return conv2d(t, weight, w[f"{name}.bias"], padding=padding, groups=channels)

    u = gelu(project(x))
    mean = u.sum(dim=(2, 3)) / (u.shape[2] * u.shape[3])
    u = u * (gate(mean) + gate(u.amax(dim=(2, 3))))[:, :, None, None]
    t = depthwise(u, "depthwise5")
    s = t + sum(depthwise(depthwise(t, f"strips{k}.row"), f"strips{k}.column") for k in (7, 11, 21))
    return project(project(s) * u)

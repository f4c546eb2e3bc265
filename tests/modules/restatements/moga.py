"""MogaNet's multi-order gated aggregation, restated from its formulas."""

import torch

from tests.modules.restatements._maths import conv2d, sigmoid


def silu(t):
    return t * sigmoid(t)


def restate(x, w):
    c = x.shape[1]
    small, middle = c // 8, 3 * c // 8

    def conv(t, name, padding=0, dilation=1, groups=1):
        return conv2d(
            t, w[f"{name}.weight"], w[f"{name}.bias"], padding=padding, dilation=dilation, groups=groups
        )

    u = conv(x, "enter")
    u = silu(u + w["contrast"].reshape(c, 1, 1) * (u - u.mean(dim=(2, 3), keepdim=True)))
    near = conv(u, "near", padding=2, groups=c)
    w0, w1, w2 = near[:, :small], near[:, small : small + middle], near[:, small + middle :]
    w1 = conv(w1, "middle", padding=4, dilation=2, groups=middle)
    w2 = conv(w2, "far", padding=9, dilation=3, groups=c // 2)
    v = conv(torch.cat((w0, w1, w2), 1), "mix")
    return x + conv(silu(conv(u, "gate")) * silu(v), "leave")

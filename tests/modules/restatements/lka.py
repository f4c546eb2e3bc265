"""Large Kernel Attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import conv2d


def gelu(t):
    return t * (1 + torch.erf(t / 2**0.5)) / 2


def restate(x, w, *, kernel_size, dilation, projections):
    c = x.shape[1]
    near, far = 2 * dilation - 1, kernel_size // dilation
    assert w["attention.near.weight"].shape == (c, 1, near, near)
    assert w["attention.far.weight"].shape == (c, 1, far, far)

    def conv(t, name, **settings):
        return conv2d(t, w[f"{name}.weight"], w[f"{name}.bias"], **settings)

    z = gelu(conv(x, "enter")) if projections else x
    a = conv(z, "attention.near", padding=near // 2, groups=c)
    a = conv(a, "attention.far", padding=dilation * (far // 2), dilation=dilation, groups=c)
    y = z * conv(a, "attention.mix")
    return x + conv(y, "leave") if projections else y

"""Large Separable Kernel Attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import conv2d

# The near kernel, the far kernel and the far kernel's dilation, by the size of the whole.
KERNELS = {7: (3, 3, 2), 11: (3, 5, 2), 23: (5, 7, 3), 35: (5, 11, 3), 41: (5, 13, 3), 53: (5, 17, 3)}


def gelu(t):
    return t * (1 + torch.erf(t / 2**0.5)) / 2


def restate(x, w, *, kernel_size, projections):
    c = x.shape[1]
    near, far, d = KERNELS[kernel_size]
    assert w["attention.near_row.weight"].shape == (c, 1, 1, near)
    assert w["attention.far_column.weight"].shape == (c, 1, far, 1)

    def conv(t, name, **settings):
        return conv2d(t, w[f"{name}.weight"], w[f"{name}.bias"], **settings)

    z = gelu(conv(x, "enter")) if projections else x
    a = conv(z, "attention.near_row", padding=(0, near // 2), groups=c)
    a = conv(a, "attention.near_column", padding=(near // 2, 0), groups=c)
    a = conv(a, "attention.far_row", padding=(0, d * (far // 2)), dilation=d, groups=c)
    a = conv(a, "attention.far_column", padding=(d * (far // 2), 0), dilation=d, groups=c)
    y = z * conv(a, "attention.mix")
    return x + conv(y, "leave") if projections else y

"""Global-and-local attention (GALA), restated from its formulas."""

import torch

from tests.modules.restatements._maths import conv2d, linear, sigmoid


def restate(x, w, *, reduction, extra_convs, kernel_size, squash):
    assert w["local_reduce.weight"].shape[0] == x.shape[1] // reduction
    t = conv2d(x, w["local_reduce.weight"], w["local_reduce.bias"]).clamp(min=0)
    for i in range(extra_convs):
        t = conv2d(
            t, w[f"local_extra.{i}.weight"], w[f"local_extra.{i}.bias"], padding=kernel_size // 2
        ).clamp(min=0)
    here = conv2d(t, w["local_project.weight"], w["local_project.bias"])
    s = x.sum(dim=(2, 3)) / (x.shape[2] * x.shape[3])
    z = linear(s, w["global_squeeze.weight"], w["global_squeeze.bias"]).clamp(min=0)
    g = linear(z, w["global_excite.weight"], w["global_excite.bias"]).clamp(min=0)[:, :, None, None]
    alpha, beta = (w[name][None, :, None, None] for name in ("alpha", "beta"))
    a = alpha * (here + g) + beta * (here * g)
    if squash == "tanh":
        gate = 1 - 2 / (1 + torch.exp(2 * a))
    else:
        assert squash == "sigmoid"
        gate = sigmoid(a)
    return x * gate

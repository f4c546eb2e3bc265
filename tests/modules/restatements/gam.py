"""Global Attention Mechanism (GAM), restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid


def restate(x, w, *, reduction, kernel_size, groups, shuffle_groups, channel_sigmoid):
    c = x.shape[1]
    assert w["channel_squeeze.weight"].shape == (c // reduction, c)
    z = (
        torch.einsum("dc,nchw->ndhw", w["channel_squeeze.weight"], x)
        + w["channel_squeeze.bias"][:, None, None]
    )
    a = torch.einsum("cd,ndhw->nchw", w["channel_excite.weight"], z.clamp(min=0))
    a = a + w["channel_excite.bias"][:, None, None]
    x1 = x * (sigmoid(a) if channel_sigmoid else a)
    pad = kernel_size // 2
    s = conv2d(x1, w["spatial_reduce.weight"], w["spatial_reduce.bias"], padding=pad, groups=groups)
    s = batch_norm(s, w, "spatial_reduce_norm").clamp(min=0)
    s = conv2d(s, w["spatial_expand.weight"], w["spatial_expand.bias"], padding=pad, groups=groups)
    s = sigmoid(batch_norm(s, w, "spatial_expand_norm"))
    # Shuffled channel i * G + g is channel g * (C / G) + i of the map, G the groups of the shuffle.
    each = c // shuffle_groups
    order = [g * each + i for i in range(each) for g in range(shuffle_groups)]
    return x1 * s[:, order]

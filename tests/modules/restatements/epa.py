"""Efficient paired attention of UNETR++, restated from its formulas."""

import torch

from tests.modules.restatements._maths import linear, softmax


def unit(t):
    """Of length 1 along the last axis."""
    return t / (t * t).sum(dim=-1, keepdim=True).sqrt().clamp(min=1e-12)


def restate(x, w, *, heads, projected, shared, qkv_bias, dropout):
    n, c, h, wide = x.shape
    d, positions = c // heads, h * wide
    tokens = x.permute(0, 2, 3, 1).reshape(n, positions, c)
    each = linear(tokens, w["qkvv.weight"], w["qkvv.bias"] if qkv_bias else None).transpose(1, 2)
    q, k, v_channel, v_spatial = each.reshape(n, 4, heads, d, positions).unbind(1)
    values = "key_positions" if shared else "value_positions"
    kp = linear(k, w["key_positions.weight"], w["key_positions.bias"])
    vp = linear(v_spatial, w[f"{values}.weight"], w[f"{values}.bias"])
    assert kp.shape[-1] == projected
    q, k = unit(q), unit(k)

    a = softmax(torch.einsum("ghip,ghjp->ghij", q, k) * w["channel_temperature"], -1)
    by_channel = torch.einsum("ghij,ghjp->gphi", a, v_channel).reshape(n, positions, c)

    s = softmax(torch.einsum("ghip,ghim->ghpm", q, kp) * w["spatial_temperature"], -1)
    # Laid out channel of the head, head, position, and only then cut into positions and channels.
    by_position = torch.einsum("ghpm,ghim->gihp", s, vp).reshape(n, positions, c)

    y = torch.cat(
        [
            linear(by_position, w["spatial_project.weight"], w["spatial_project.bias"]),
            linear(by_channel, w["channel_project.weight"], w["channel_project.bias"]),
        ],
        -1,
    )
    return y.reshape(n, h, wide, c).permute(0, 3, 1, 2)

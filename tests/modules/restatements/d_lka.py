"""Deformable large kernel attention, restated: a sample between pixels is a sum over the whole map, each pixel weighted
by a tent around the place, in rows and in columns."""

import torch

from tests.modules.restatements._maths import conv2d, tent


def deformed(x, w, name, dilation):
    """Each channel's sum over a kernel's taps, which are moved from their places by a prediction from the whole map."""
    n, _, height, width = x.shape
    side = w[f"{name}.weight"].shape[-1]
    reach = dilation * (side // 2)
    offset = conv2d(
        x, w[f"{name}.offset.weight"], w[f"{name}.offset.bias"], padding=reach, dilation=dilation
    ).reshape(n, side, side, 2, height, width)  # a tap's row, its column; then how far down and to the right
    steps = dilation * torch.arange(side, dtype=x.dtype) - reach
    rows = torch.arange(height, dtype=x.dtype).reshape(height, 1) + steps.reshape(side, 1, 1, 1)
    columns = torch.arange(width, dtype=x.dtype) + steps.reshape(side, 1, 1)
    vertical = tent(rows + offset[:, :, :, 0], height)
    horizontal = tent(columns + offset[:, :, :, 1], width)

    y = torch.zeros_like(x)
    for i in range(side):
        for j in range(side):
            sampled = torch.einsum("nyxr,nyxs,ncrs->ncyx", vertical[:, i, j], horizontal[:, i, j], x)
            y += w[f"{name}.weight"][:, 0, i, j].reshape(-1, 1, 1) * sampled
    return y


def restate(x, w, *, projections):
    def pointwise(t, name):
        return conv2d(t, w[f"{name}.weight"], w[f"{name}.bias"])

    def gated(t):
        return t * pointwise(deformed(deformed(t, w, "near", 1), w, "far", 3), "mix")

    if not projections:
        return gated(x)
    entered = pointwise(x, "enter")
    gelu = entered * (1 + torch.erf(entered / 2**0.5)) / 2
    return x + pointwise(gated(gelu), "leave")

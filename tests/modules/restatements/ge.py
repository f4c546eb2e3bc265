"""Gather-Excite, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid


def local_means(x, extent):
    """Means of windows 2e - 1 wide around every e-th position, of what lies inside the map."""
    n, c, h, v = x.shape
    y = x.new_zeros(n, c, -(-h // extent), -(-v // extent))
    for i in range(y.shape[2]):
        for j in range(y.shape[3]):
            top, left = max(i * extent - extent + 1, 0), max(j * extent - extent + 1, 0)
            window = x[:, :, top : i * extent + extent, left : j * extent + extent]
            y[:, :, i, j] = window.sum(dim=(2, 3)) / (window.shape[2] * window.shape[3])
    return y


def restate(x, w, *, mode, extent, reduction, timm):
    n, c, h, v = x.shape
    if mode == "theta-minus":
        s = local_means(x, extent) if extent else x.sum(dim=(2, 3), keepdim=True) / (h * v)
    elif extent:
        s, steps = x, extent.bit_length() - 1
        assert 2**steps == extent
        for i in range(steps):
            s = conv2d(s, w[f"gather.{i}.conv.weight"], stride=2, padding=1, groups=c)
            s = batch_norm(s, w, f"gather.{i}.norm")
            if i < steps - 1:
                s = s.clamp(min=0)
    elif timm:
        s = conv2d(x, w["gather.0.conv.weight"], padding=((h - 1) // 2, (v - 1) // 2), groups=c)
        s = batch_norm(s, w, "gather.0.norm")
    else:
        s = torch.einsum("chw,nchw->nc", w["gather.0.conv.weight"][:, 0], x)[:, :, None, None]
        s = batch_norm(s, w, "gather.0.norm")
    if mode == "theta-plus":
        assert w["excite.reduce.weight"].shape[0] == c // reduction
        s = s if timm else s.clamp(min=0)
        s = conv2d(s, w["excite.reduce.weight"], w["excite.reduce.bias"]).clamp(min=0)
        s = conv2d(s, w["excite.expand.weight"], w["excite.expand.bias"])
    rows, columns = (
        [i * small // big for i in range(big)] for small, big in ((s.shape[2], h), (s.shape[3], v))
    )
    return x * sigmoid(s[:, :, rows][:, :, :, columns])

"""Content-guided fusion of two maps, restated from its formulas."""

import torch

from tests.modules.restatements._maths import conv2d, sigmoid


def mirrored(t):
    """Three rows and columns more on each side, without the edge twice: -3, -2, -1, 0, 1 are 3, 2, 1, 0, 1."""
    for axis in (2, 3):
        size = t.shape[axis]
        order = [size - 1 - abs(size - 1 - abs(i)) for i in range(-3, size + 3)]
        t = t.index_select(axis, torch.tensor(order))
    return t


def restate(x, y, w, *, reduction, paper):
    def conv(t, name, **options):
        return conv2d(t, w[f"{name}.weight"], w[f"{name}.bias"], **options)

    n, c, height, width = x.shape
    s = x + y
    assert len(w["squeeze.weight"]) == c // reduction
    by_channel = conv(conv(s.mean((2, 3))[:, :, None, None], "squeeze").clamp(min=0), "excite")
    by_place = conv(mirrored(torch.stack((s.mean(1), s.amax(1)), dim=1)), "place")
    guide = by_channel + by_place
    pairs = s.new_zeros(n, 2 * c, height, width)
    pairs[:, 0::2], pairs[:, 1::2] = s, guide
    weight = sigmoid(conv(mirrored(pairs), "refine", groups=c))
    if not paper:
        weight = sigmoid(weight)
    return conv(s + y + weight * (x - y), "project")

"""Content-guided fusion, restated: a convolution is a sum over taps of products with matrices that move a row or a
column, and mirror what lies outside."""

import torch

from tests.modules.restatements._maths import linear, sigmoid


def moves(length):
    """(7, length, length): a one where a tap at a place meets its pixel, mirrored at the first and the last."""
    matrices = torch.zeros(7, length, length, dtype=torch.float64)
    for tap in range(7):
        for place in range(length):
            pixel = abs(place + tap - 3)
            matrices[tap, place, min(pixel, 2 * (length - 1) - pixel)] = 1
    return matrices


def of_two_maps(first, second, weight, bias):
    """(n, c, h, w): channel by channel, the sum over 7 x 7 taps of two maps with a weight each."""
    rows, columns = moves(first.shape[2]), moves(first.shape[3])
    y = bias[:, None, None]
    for which, t in enumerate((first, second)):
        for i in range(7):
            moved = torch.einsum("yr,ncrs->ncys", rows[i], t)
            along = torch.einsum("cj,jxs->cxs", weight[:, which, i], columns)
            y = y + torch.einsum("cxs,ncys->ncyx", along, moved)
    return y


def restate(x, y, w, *, reduction, paper):
    assert len(w["squeeze.bias"]) == x.shape[1] // reduction

    def pointwise(t, name):
        return linear(t.movedim(1, -1), w[f"{name}.weight"][:, :, 0, 0], w[f"{name}.bias"]).movedim(-1, 1)

    both = x + y
    mean_of_place = both.sum((2, 3), keepdim=True) / (x.shape[2] * x.shape[3])
    of_channel = pointwise(pointwise(mean_of_place, "squeeze").clamp_min(0), "excite")
    mean, largest = both.sum(1, keepdim=True) / x.shape[1], both.sort(1).values[:, -1:]
    of_place = of_two_maps(mean, largest, w["place.weight"], w["place.bias"])

    share = sigmoid(of_two_maps(both, of_channel + of_place, w["refine.weight"], w["refine.bias"]))
    if not paper:
        share = sigmoid(share)
    return pointwise(both + y + share * (x - y), "project")

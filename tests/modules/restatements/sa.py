"""Shuffle Attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import sigmoid


def restate(x, w, *, groups):
    n, channels, height, width = x.shape
    half = channels // (2 * groups)
    positions = height * width
    y = torch.empty_like(x)
    for g in range(groups):
        first = g * 2 * half
        for i in range(half):
            a, b = x[:, first + i], x[:, first + half + i]
            mean = (a.sum(dim=(1, 2)) / positions)[:, None, None]
            gate = sigmoid(w["channel_weight"][0, i, 0, 0] * mean + w["channel_bias"][0, i, 0, 0])
            merged = [(first + i, a * gate)]
            centred = b - (b.sum(dim=(1, 2)) / positions)[:, None, None]
            deviation = ((centred**2).sum(dim=(1, 2)) / positions + 1e-5) ** 0.5
            normed = centred / deviation[:, None, None] * w["norm.weight"][i] + w["norm.bias"][i]
            gate = sigmoid(w["spatial_weight"][0, i, 0, 0] * normed + w["spatial_bias"][0, i, 0, 0])
            merged.append((first + half + i, b * gate))
            for channel, value in merged:
                # Seen as 2 rows of C/2 and read by columns: (row, column) lands at 2 * column + row.
                row, column = divmod(channel, channels // 2)
                y[:, 2 * column + row] = value
    return y

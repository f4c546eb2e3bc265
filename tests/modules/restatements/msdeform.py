"""Deformable attention of Deformable DETR in one map, restated from its formulas."""

import torch

from tests.modules.restatements._maths import linear, softmax


def at(image, row, column):
    """Bilinear values of image (N, c, H, W) at row, column (N, P), in pixels; zero outside."""
    n, c, height, width = image.shape
    total = 0
    for i in (torch.floor(row), torch.floor(row) + 1):
        for j in (torch.floor(column), torch.floor(column) + 1):
            inside = (i >= 0) & (i < height) & (j >= 0) & (j < width)
            share = (1 - (row - i).abs()) * (1 - (column - j).abs()) * inside
            index = (i.clamp(0, height - 1) * width + j.clamp(0, width - 1)).long()
            pixels = image.flatten(2).gather(2, index[:, None].expand(n, c, -1))
            total = total + share[:, None] * pixels
    return total


def restate(x, w, *, heads, points):
    n, c, height, width = x.shape
    tokens = x.flatten(2).transpose(1, 2)
    value, offset, score = (
        linear(tokens, w[f"{name}.weight"], w[f"{name}.bias"]) for name in ("value", "offset", "weight")
    )
    value = value.transpose(1, 2).reshape(n, heads, c // heads, height, width)
    place = torch.arange(height * width)
    row, column = place.div(width, rounding_mode="floor"), place % width
    out = []
    for head in range(heads):
        first = head * points
        shares = softmax(score[:, :, first : first + points], 2)
        gathered = 0
        for point in range(points):
            across = offset[:, :, 2 * (first + point)]
            down = offset[:, :, 2 * (first + point) + 1]
            sample = at(value[:, head], row + down, column + across)
            gathered = gathered + shares[:, None, :, point] * sample
        out.append(gathered)
    y = linear(torch.cat(out, dim=1).transpose(1, 2), w["project.weight"], w["project.bias"])
    return y.transpose(1, 2).reshape(x.shape)

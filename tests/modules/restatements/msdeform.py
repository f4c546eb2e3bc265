"""Deformable attention on one level, restated as an attention matrix: a point between pixels is a row of it, with the
tents' products as weights, which are nothing outside the map."""

import torch

from tests.modules.restatements._maths import linear, softmax, tent


def restate(x, w, *, heads, points):
    n, c, height, width = x.shape
    tokens = x.permute(0, 2, 3, 1)

    def predicted(name, *shape):
        return linear(tokens, w[f"{name}.weight"], w[f"{name}.bias"]).reshape(n, height, width, heads, *shape)

    right, down = predicted("offset", points, 2).unbind(-1)
    columns = torch.arange(width).reshape(width, 1, 1) + right
    rows = torch.arange(height).reshape(height, 1, 1, 1) + down
    attention = torch.einsum(
        "nyxhp,nyxhpi,nyxhpj->nyxhij",
        softmax(predicted("weight", points), -1),
        tent(rows, height),
        tent(columns, width),
    )
    y = torch.einsum("nyxhij,nijhd->nyxhd", attention, predicted("value", c // heads))
    y = linear(y.reshape(n, height, width, c), w["project.weight"], w["project.bias"])
    return y.permute(0, 3, 1, 2)

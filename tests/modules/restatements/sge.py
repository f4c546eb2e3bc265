"""Spatial Group-wise Enhance, restated from its formulas."""

import torch

from tests.modules.restatements._maths import sigmoid


def restate(x, w, *, groups, eps):
    n, c, height, width = x.shape
    places = height * width
    grouped = x.reshape(n, groups, c // groups, places)
    mean = grouped.sum(dim=3) / places
    t = torch.einsum("ngcp,ngc->ngp", grouped, mean)
    t = t - t.sum(dim=2, keepdim=True) / places
    std = ((t**2).sum(dim=2, keepdim=True) / (places - 1)) ** 0.5
    t = t / (std + eps)
    gate = sigmoid(t * w["weight"].reshape(1, groups, 1) + w["bias"].reshape(1, groups, 1))
    return (grouped * gate[:, :, None, :]).reshape(x.shape)

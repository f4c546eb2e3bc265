"""Gated Channel Transformation, restated from its formulas."""

import torch


def restate(x, w, *, mode, after_relu, eps):
    alpha, gamma, beta = (w[name].reshape(-1) for name in ("alpha", "gamma", "beta"))
    c = x.shape[1]
    if mode == "l2":
        s = alpha * ((x * x).sum(dim=(2, 3)) + eps) ** 0.5
        norm = ((s * s).sum(dim=1, keepdim=True) / c + eps) ** 0.5
    else:
        s = alpha * (x if after_relu else x.abs()).sum(dim=(2, 3))
        norm = s.abs().sum(dim=1, keepdim=True) / c + eps
    t = gamma * s / norm + beta
    tanh = (torch.exp(t) - torch.exp(-t)) / (torch.exp(t) + torch.exp(-t))
    return x * (1 + tanh)[:, :, None, None]

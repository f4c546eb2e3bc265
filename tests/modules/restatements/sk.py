"""Selective Kernel convolution, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, softmax


def restate(x, w, *, branches, groups, reduction, min_width, mode):
    caffe = mode == "caffe"
    n, c, height, width = x.shape
    seen = []
    for b in range(branches):
        name = f"branches.{b}"
        kernel = w[f"{name}.conv.weight"]
        if caffe:
            assert kernel.shape[2:] == (3, 3)
            u = conv2d(x, kernel, padding=b + 1, dilation=b + 1, groups=groups)
        else:
            assert kernel.shape[2:] == (2 * b + 3, 2 * b + 3)
            u = conv2d(x, kernel, w[f"{name}.conv.bias"], padding=b + 1, groups=groups)
        seen.append(batch_norm(u, w, f"{name}.norm").clamp(min=0))
    s = sum(seen).sum(dim=(2, 3)) / (height * width)
    d = max(int(c / reduction), min_width)
    z = torch.einsum("dc,nc->nd", w["squeeze.weight"].reshape(d, c), s)
    if caffe:
        z = batch_norm(z, w, "norm").clamp(min=0)
        scores = torch.einsum("bcd,nd->bnc", w["select.0.weight"].reshape(branches, c, d), z)
    else:
        z = z + w["squeeze.bias"]
        scores = torch.stack(
            [
                torch.einsum("cd,nd->nc", w[f"select.{b}.weight"].reshape(c, d), z) + w[f"select.{b}.bias"]
                for b in range(branches)
            ]
        )
    return torch.einsum("bnc,bnchw->nchw", softmax(scores, 0), torch.stack(seen))

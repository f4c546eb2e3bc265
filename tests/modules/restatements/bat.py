"""Bilinear attentional transforms (BAT), restated from their formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid


def layer(x, w, name, bias):
    y = conv2d(x, w[f"{name}.conv.weight"], w[f"{name}.conv.bias"] if bias else None)
    return batch_norm(y, w, f"{name}.norm").clamp(min=0)


def restate(x, w, *, reduction, block_size, groups, dropout, bias, divisor):
    n, _, height, width = x.shape
    s = block_size
    z = layer(x, w, "squeeze", bias)
    f = layer(z, w, "describe", bias)
    rows = f.reshape(n, groups, s, height // s, width).amax(dim=(3, 4))
    columns = f.reshape(n, groups, height, s, width // s).amax(dim=(2, 4))
    p = torch.einsum("oks,nks->no", w["rows.weight"][..., 0], rows) + w["rows.bias"]
    q = torch.einsum("oks,nks->no", w["columns.weight"][:, :, 0], columns) + w["columns.bias"]
    p, q = (sigmoid(t).reshape(n, groups, s, s) for t in (p, q))
    p = p / p.sum(dim=3, keepdim=True)
    q = q / q.sum(dim=2, keepdim=True)
    # A Kronecker product with the identity: block b goes to block a, each place within a block to the same
    # place.
    blocks = z.reshape(n, groups, -1, s, height // s, s, width // s)
    t = torch.einsum("nkab,nkcbidj,nkde->nkcaiej", p, blocks, q).reshape(z.shape)
    return x + layer(layer(t, w, "transform", bias), w, "expand", bias)

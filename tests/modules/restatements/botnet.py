"""Self-attention of BoTNet with relative positions, restated from its formulas."""

import torch

from tests.modules.restatements._maths import softmax


def restate(x, w, *, heads, scale_position):
    n, c, h, wide = x.shape
    d = c // heads
    qkv = torch.einsum("oc,nchw->nohw", w["qkv.weight"][:, :, 0, 0], x).reshape(n, 3, heads, d, h * wide)
    q, k, v = qkv.unbind(1)
    position = torch.arange(h * wide)
    row, column = position // wide, position % wide
    down = w["relative_height"][row[None, :] - row[:, None] + h - 1]
    across = w["relative_width"][column[None, :] - column[:, None] + wide - 1]
    content = torch.einsum("ghei,ghej->ghij", q, k) / d**0.5
    relative = torch.einsum("ghei,ije->ghij", q, down + across)
    if scale_position:
        relative = relative / d**0.5
    y = torch.einsum("ghij,ghej->ghei", softmax(content + relative, -1), v)
    return y.reshape(n, c, h, wide)

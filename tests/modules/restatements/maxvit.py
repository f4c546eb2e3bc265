"""Grid and block attention of MaxViT, restated from their formulas."""

import torch

from tests.modules.restatements._maths import linear, softmax


def restate(x, w, *, mode, grid_size, head_channels):
    n, c, height, width = x.shape
    g, heads = grid_size, c // head_channels
    side = torch.arange(g)
    rows, columns = side.repeat_interleave(g), side.repeat(g)
    offset = (rows[:, None] - rows + g - 1) * (2 * g - 1) + columns[:, None] - columns + g - 1
    bias = w["relative_bias"][offset]  # (G*G, G*G, heads)
    down, across = height // g, width // g
    y = torch.zeros_like(x)
    for i in range(down):
        for j in range(across):
            if mode == "grid":
                place = (slice(None), slice(None), slice(i, None, down), slice(j, None, across))
            else:
                place = (slice(None), slice(None), slice(i * g, i * g + g), slice(j * g, j * g + g))
            tokens = x[place].flatten(2).transpose(1, 2)
            qkv = linear(tokens, w["qkv.weight"], w["qkv.bias"])
            q, k, v = (part.reshape(n, g * g, heads, head_channels) for part in qkv.split(c, dim=2))
            logits = torch.einsum("nqhd,nkhd->nqkh", q, k) / head_channels**0.5 + bias
            out = torch.einsum("nqkh,nkhd->nqhd", softmax(logits, 2), v).reshape(n, g * g, c)
            out = linear(out, w["project.weight"], w["project.bias"])
            y[place] = out.transpose(1, 2).reshape(n, c, g, g)
    return y

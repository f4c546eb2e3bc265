"""The lambda layer, local and global, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, softmax


def restate(x, w, *, mode, kernel_size, heads, key_channels):
    n, c, h, wide = x.shape
    width, depth = c // heads, key_channels
    qkv = torch.einsum("oc,nchw->nohw", w["qkv.weight"][:, :, 0, 0], x).reshape(n, -1, h * wide)
    q = batch_norm(qkv[:, : heads * depth], w, "query_norm").reshape(n, heads, depth, h * wide)
    k = softmax(qkv[:, heads * depth : (heads + 1) * depth], -1)
    v = batch_norm(qkv[:, (heads + 1) * depth :], w, "value_norm")
    assert v.shape[1] == width
    content = torch.einsum("nkm,nvm->nkv", k, v)

    if mode == "global":
        place = torch.arange(h * wide)
        row, column = place // wide, place % wide
        table = w["relative"][
            row[None, :] - row[:, None] + h - 1, column[None, :] - column[:, None] + wide - 1
        ]
        position = torch.einsum("pmk,nvm->nkvp", table, v)
    else:
        reach = kernel_size // 2
        position = w["position.bias"][None, :, None, None, None].expand(n, depth, width, h, wide).clone()
        taps, image = w["position.weight"][:, 0, 0], v.reshape(n, width, h, wide)
        for i in range(-min(reach, h - 1), min(reach, h - 1) + 1):
            for j in range(-min(reach, wide - 1), min(reach, wide - 1) + 1):
                top, left, bottom, right = max(0, -i), max(0, -j), min(h, h - i), min(wide, wide - j)
                moved = image[:, :, top + i : bottom + i, left + j : right + j]
                tap = taps[:, reach + i, reach + j]
                position[..., top:bottom, left:right] += torch.einsum("k,nvyx->nkvyx", tap, moved)
        position = position.flatten(3)

    y = torch.einsum("nhkp,nkvp->nhvp", q, content[..., None] + position)
    return y.reshape(n, c, h, wide)

"""Blocked local attention of HaloNet, restated from its formulas."""

import torch

from tests.modules.restatements._maths import linear, softmax


def restate(x, w, *, mode, block_size, halo, heads, head_channels):
    n, c, h, wide = x.shape
    d = c // heads if head_channels is None else head_channels
    b, seen = block_size, block_size + 2 * halo
    pixels = x.permute(0, 2, 3, 1)
    q = linear(pixels, w["query.weight"].reshape(heads * d, c)).reshape(n, h, wide, heads, d)
    key_value = linear(pixels, w["key_value.weight"].flatten(1))
    if mode == "timm":
        key_value = key_value.reshape(n, h, wide, heads, -1)
        k, v = key_value[..., :d], key_value[..., d:]
    else:
        k, v = key_value.reshape(n, h, wide, 2, heads, d).unbind(3)

    asking, asked = torch.arange(b * b), torch.arange(seen * seen)
    down = w["relative_height"][seen - 1 + asked[None, :] // seen - asking[:, None] // b]
    across = w["relative_width"][seen - 1 + asked[None, :] % seen - asking[:, None] % b]
    y = x.new_zeros(n, h, wide, heads, v.shape[-1])
    for top in range(0, h, b):
        for left in range(0, wide, b):
            rows, columns = top + asking // b, left + asking % b
            key_rows, key_columns = top - halo + asked // seen, left - halo + asked % seen
            exists = (key_rows >= 0) & (key_rows < h) & (key_columns >= 0) & (key_columns < wide)
            at = key_rows.clamp(0, h - 1), key_columns.clamp(0, wide - 1)
            # Beyond the edge there are zeros.
            keys, values = (t[:, at[0], at[1]] * exists[None, :, None, None] for t in (k, v))
            queries = q[:, rows, columns]
            content = torch.einsum("nihe,njhe->nhij", queries, keys) / d**0.5
            relative = torch.einsum("nihe,ije->nhij", queries, down + across)
            if mode == "timm":
                a = softmax(content + relative, -1)
            else:
                logits = content + relative / d**0.5
                a = softmax(torch.where(exists, logits, torch.full_like(logits, -torch.inf)), -1)
            y[:, rows, columns] = torch.einsum("nhij,njhe->nihe", a, values)
    y = y.flatten(3)
    if mode != "timm":
        y = linear(y, w["project.weight"], w["project.bias"])
    return y.permute(0, 3, 1, 2)

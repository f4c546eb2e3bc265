"""VOLO's outlook attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import linear, softmax


def restate(x, w, *, kernel_size, stride, heads, qkv_bias):
    n, c, height, width = x.shape
    heads = heads or c // 32
    d = c // heads
    reach, area = kernel_size // 2, kernel_size**2
    assert qkv_bias == ("value.bias" in w)
    tokens = x.permute(0, 2, 3, 1)
    v = linear(tokens, w["value.weight"], w.get("value.bias")).reshape(n, height, width, heads, d)

    y = x.new_zeros(n, height, width, heads, d)
    for row in range(-(-height // stride)):
        for column in range(-(-width // stride)):
            top, left = row * stride, column * stride
            mean = tokens[:, top : top + stride, left : left + stride].mean(dim=(1, 2))
            logits = linear(mean, w["weights.weight"], w["weights.bias"]).reshape(n, heads, area, area)
            a = softmax(logits / d**0.5, -1)
            # The patch is centred at the location's first token; beyond the map the values are zero and
            # nothing is kept.
            inside = [
                (i * kernel_size + j, top + i - reach, left + j - reach)
                for i in range(kernel_size)
                for j in range(kernel_size)
                if 0 <= top + i - reach < height and 0 <= left + j - reach < width
            ]
            spots, ys, xs = (list(part) for part in zip(*inside, strict=True))
            y[:, ys, xs] += torch.einsum("nhpq,nqhd->nphd", a[:, :, spots][..., spots], v[:, ys, xs])
    return linear(y.reshape(n, height, width, c), w["project.weight"], w["project.bias"]).permute(0, 3, 1, 2)

"""DilateFormer's multi-scale dilated attention, restated from its formulas with a padded map."""

import torch

from tests.modules.restatements._maths import conv2d, linear, softmax


def restate(x, w, *, dilations, heads, kernel_size, qkv_bias):
    n, c, height, width = x.shape
    d, half = c // heads, kernel_size // 2
    each = heads // len(dilations)
    qkv = conv2d(x, w["qkv.weight"].reshape(3 * c, c, 1, 1), w["qkv.bias"] if qkv_bias else None)
    q, k, v = (qkv[:, part * c : (part + 1) * c] for part in range(3))
    out = torch.zeros_like(x)
    for h in range(heads):
        own, reach = slice(h * d, (h + 1) * d), dilations[h // each] * half
        keys, values = (x.new_zeros(n, d, height + 2 * reach, width + 2 * reach) for _ in range(2))
        inside = (..., slice(reach, reach + height), slice(reach, reach + width))
        keys[inside], values[inside] = k[:, own], v[:, own]
        steps = range(0, 2 * reach + 1, dilations[h // each])
        shifts = [(..., slice(a, a + height), slice(b, b + width)) for a in steps for b in steps]
        logits = torch.stack([(q[:, own] * keys[shift]).sum(1) for shift in shifts]) / d**0.5
        weights = softmax(logits, 0)
        out[:, own] = sum(weights[i][:, None] * values[shift] for i, shift in enumerate(shifts))
    return linear(out.movedim(1, -1), w["project.weight"], w["project.bias"]).movedim(-1, 1)

"""Focal modulation, restated from its formulas."""

import torch

from tests.modules.restatements._maths import conv2d, linear


def gelu(t):
    return t * (1 + torch.erf(t / 2**0.5)) / 2


def restate(x, w, *, levels, kernel_size, kernel_step, bias):
    channels = x.shape[1]
    entered = linear(x.movedim(1, -1), w["enter.weight"], w["enter.bias"] if bias else None).movedim(-1, 1)
    query, context, gates = (
        entered[:, :channels],
        entered[:, channels : 2 * channels],
        entered[:, 2 * channels :],
    )
    total = 0
    for level in range(levels):
        size = kernel_size + kernel_step * level
        weight = w[f"contexts.{level}.weight"]
        assert weight.shape[2:] == (size, size)
        context = gelu(conv2d(context, weight, padding=size // 2, groups=channels))
        total = total + context * gates[:, level, None]
    mean = context.sum(dim=(2, 3), keepdim=True) / (x.shape[2] * x.shape[3])
    total = total + gelu(mean) * gates[:, levels, None]
    modulator = conv2d(total, w["mix.weight"], w.get("mix.bias"))
    y = linear((query * modulator).movedim(1, -1), w["project.weight"], w.get("project.bias"))
    return y.movedim(-1, 1)

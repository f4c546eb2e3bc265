"""Convolutional Block Attention Module, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, linear, sigmoid


def restate(x, w, *, reduction, kernel_size, mode, bias, norm, spatial_bias):
    def mlp(v):
        assert w["channel.squeeze.weight"].shape == (x.shape[1] // reduction, x.shape[1])
        first, second = (w[f"channel.{name}.bias"] if bias else None for name in ("squeeze", "excite"))
        z = linear(v, w["channel.squeeze.weight"], first).clamp(min=0)
        return linear(z, w["channel.excite.weight"], second)

    def channel(t):
        mean = t.sum(dim=(2, 3)) / (t.shape[2] * t.shape[3])
        largest = t.flatten(2).amax(dim=2)
        return sigmoid(mlp(mean) + mlp(largest))[:, :, None, None]

    def spatial(t):
        assert w["spatial.conv.weight"].shape == (1, 2, kernel_size, kernel_size)
        maps = torch.stack([t.amax(dim=1), t.sum(dim=1) / t.shape[1]], dim=1)
        shift = w["spatial.conv.bias"] if spatial_bias else None
        score = conv2d(maps, w["spatial.conv.weight"], shift, padding=(kernel_size - 1) // 2)
        return sigmoid(batch_norm(score, w, "spatial.norm") if norm else score)

    if mode == "channel":
        return x * channel(x)
    if mode == "spatial":
        return x * spatial(x)
    if mode == "parallel":
        return x * channel(x) * spatial(x)
    first, second = {"both": (channel, spatial), "spatial-first": (spatial, channel)}[mode]
    z = x * first(x)
    return z * second(z)

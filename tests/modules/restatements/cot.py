"""Contextual transformer attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid, softmax


def conv_norm(x, w, name, *, padding=0, groups=1):
    return batch_norm(conv2d(x, w[f"{name}.conv.weight"], padding=padding, groups=groups), w, f"{name}.norm")


def group_norm(t, groups, scale, shift, eps=1e-5):
    n, channels, height, width = t.shape
    parts = t.reshape(n, groups, -1)
    mean = parts.sum(dim=2, keepdim=True) / parts.shape[2]
    var = ((parts - mean) ** 2).sum(dim=2, keepdim=True) / parts.shape[2]
    t = ((parts - mean) / (var + eps) ** 0.5).reshape(n, channels, height, width)
    return t * scale[None, :, None, None] + shift[None, :, None, None]


def aggregate(value, weights, kernel_size, owner):
    """`owner` names the kernel of every channel; the taps of a kernel are neighbours in `weights`."""
    n, channels, height, width = value.shape
    margin = kernel_size // 2
    padded = value.new_zeros(n, channels, height + 2 * margin, width + 2 * margin)
    padded[:, :, margin : margin + height, margin : margin + width] = value
    y = torch.zeros_like(value)
    for row in range(kernel_size):
        for column in range(kernel_size):
            tap = weights[:, owner * kernel_size**2 + row * kernel_size + column]
            y += tap * padded[:, :, row : row + height, column : column + width]
    return y


def pooled_over_taps(x, key, w, kernel_size):
    n, channels, height, width = x.shape
    hidden = conv_norm(torch.cat((key, x), dim=1), w, "embed").clamp(min=0)
    weights = conv2d(hidden, w["weigh.weight"], w["weigh.bias"])
    weights = weights.reshape(n, channels, kernel_size**2, height, width).sum(dim=2) / kernel_size**2
    share = softmax(weights.reshape(n, channels, height * width), 2).reshape(x.shape)
    return key + share * conv_norm(x, w, "value")


def restate(x, w, *, kernel_size, mode):
    n, channels, height, width = x.shape
    halves = 2 if mode == "coxt" else 1
    key = conv_norm(x, w, "key", padding=kernel_size // 2, groups=4 * halves).clamp(min=0)
    if mode == "external_attention_pytorch":
        return pooled_over_taps(x, key, w, kernel_size)
    both = torch.cat((x, key), dim=1)
    if mode == "coxt":
        both = both[:, torch.tensor([[c, channels + c] for c in range(channels)]).reshape(-1)]
    hidden = conv_norm(both, w, "embed", groups=halves).clamp(min=0)
    weights = conv2d(hidden, w["weigh.weight"], w["weigh.bias"], groups=halves)
    weights = group_norm(weights, channels // 8, w["weigh_norm.weight"], w["weigh_norm.bias"])
    value = conv_norm(x, w, "value", groups=halves)
    channel, half, kernels = torch.arange(channels), channels // halves, channels // 8 // halves
    y = aggregate(value, weights, kernel_size, (channel // half) * kernels + channel % half % kernels)
    y = batch_norm(y, w, "norm")
    y = y * sigmoid(y)
    pooled = (y + key).sum(dim=(2, 3), keepdim=True) / (height * width)
    hidden = conv2d(pooled, w["squeeze.conv.weight"], w["squeeze.conv.bias"])
    logits = conv2d(batch_norm(hidden, w, "squeeze.norm").clamp(min=0), w["select.weight"], w["select.bias"])
    share = softmax(logits.reshape(n, channels, 2), 2)[..., None, None]
    return y * share[:, :, 0] + key * share[:, :, 1]

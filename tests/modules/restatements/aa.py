"""Attention Augmented convolution, restated from its formulas."""

import torch

from tests.modules.restatements._maths import conv2d, softmax


def restate(
    x,
    w,
    *,
    kernel_size,
    qkv_kernel_size,
    key_channels,
    value_channels,
    key_ratio,
    value_ratio,
    heads,
    relative,
    scrambled,
):
    n, c, height, width = x.shape
    dk = key_channels if key_ratio is None else int(key_ratio * c)
    dv = value_channels if value_ratio is None else int(value_ratio * c)
    each_k, each_v = dk // heads, dv // heads
    assert w["conv.weight"].shape == (c - dv, c, kernel_size, kernel_size)
    assert w["qkv.weight"].shape == (2 * dk + dv, c, qkv_kernel_size, qkv_kernel_size)

    first = conv2d(x, w["conv.weight"], w["conv.bias"], padding=(kernel_size - 1) // 2)
    qkv = conv2d(x, w["qkv.weight"], w["qkv.bias"], padding=(qkv_kernel_size - 1) // 2).flatten(2)
    query, key, value = qkv[:, :dk] / each_k**0.5, qkv[:, dk : 2 * dk], qkv[:, 2 * dk :]

    positions = [(row, column) for row in range(height) for column in range(width)]
    if relative:
        assert w["relative_height"].shape == (2 * height - 1, each_k)
        assert w["relative_width"].shape == (2 * width - 1, each_k)
        down = torch.tensor([[b[0] - a[0] + height - 1 for b in positions] for a in positions])
        along = torch.tensor([[b[1] - a[1] + width - 1 for b in positions] for a in positions])
        offsets = w["relative_height"][down] + w["relative_width"][along]  # one vector per (query, key) pair
    else:
        assert "relative_height" not in w
        assert "relative_width" not in w

    maps = []
    for head in range(heads):
        q, k = (t[:, head * each_k : (head + 1) * each_k] for t in (query, key))
        v = value[:, head * each_v : (head + 1) * each_v]
        logits = torch.einsum("ndp,ndq->npq", q, k)
        if relative:
            logits = logits + torch.einsum("ndp,pqd->npq", q, offsets)
        weights = softmax(logits, axis=2)
        for channel in range(each_v):
            for row, column in positions:
                # The value of this channel here; in the scrambled form, whichever has its place in
                # (positions, channels).
                place = row * width + column
                source = channel
                if scrambled:
                    place, source = divmod(channel * height * width + place, each_v)
                maps.append(torch.einsum("nq,nq->n", weights[:, place], v[:, source]))
    o = torch.stack(maps, dim=1).reshape(n, dv, height, width)
    second = conv2d(o, w["project.weight"], w["project.bias"])
    return torch.cat([first, second], dim=1)

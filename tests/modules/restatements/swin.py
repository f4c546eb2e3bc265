"""Window attention of Swin, plain and shifted, restated from its formulas."""

import torch

from tests.modules.restatements._maths import linear, softmax


def region(places, side, window, shift):
    """Which of the three stretches of the shifted map each place is in."""
    return (places >= side - window).long() + (places >= side - shift).long()


def restate(x, w, *, window_size, shift, heads, qkv_bias):
    n, c, h, wide = x.shape
    size = window_size
    heads = c // 32 if heads is None else heads
    d = c // heads
    shift = 0 if min(h, wide) <= size else shift
    inside = torch.arange(size * size)
    down, across = inside // size, inside % size
    offset = (
        (down[:, None] - down[None, :] + size - 1) * (2 * size - 1)
        + across[:, None]
        - across[None, :]
        + size
        - 1
    )
    bias = w["relative_bias"][offset].permute(2, 0, 1)
    qkv = linear(x.permute(0, 2, 3, 1), w["qkv.weight"], w["qkv.bias"] if qkv_bias else None)
    y = torch.zeros_like(x)
    for top in range(0, h, size):
        for left in range(0, wide, size):
            # Place r of the shifted map shows place r + shift of the map, around its end.
            rows, columns = (top + down + shift) % h, (left + across + shift) % wide
            q, k, v = qkv[:, rows, columns].reshape(n, size * size, 3, heads, d).unbind(2)
            logits = torch.einsum("nihe,njhe->nhij", q * d**-0.5, k) + bias
            if shift:
                part = 3 * region(top + down, h, size, shift) + region(left + across, wide, size, shift)
                logits = logits - 100.0 * (part[:, None] != part[None, :])
            mixed = torch.einsum("nhij,njhe->nihe", softmax(logits, -1), v).reshape(n, size * size, c)
            y[:, :, rows, columns] = linear(mixed, w["project.weight"], w["project.bias"]).transpose(1, 2)
    return y

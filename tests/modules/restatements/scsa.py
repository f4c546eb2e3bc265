"""Spatial and Channel Synergistic Attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import sigmoid, softmax


def group_norm(t, w, prefix, groups):
    """Of (N, C, positions)."""
    n, channels, positions = t.shape
    parts = t.reshape(n, groups, -1)
    count = channels // groups * positions
    parts = parts - parts.sum(dim=2, keepdim=True) / count
    parts = parts / ((parts**2).sum(dim=2, keepdim=True) / count + 1e-5) ** 0.5
    return parts.reshape(t.shape) * w[f"{prefix}.weight"][:, None] + w[f"{prefix}.bias"][:, None]


def line_gate(t, w, norm):
    """The gate of the profiles (N, C, length) along one axis of the map."""
    n, channels, length = t.shape
    convolved = torch.empty_like(t)
    for c in range(channels):
        quarter, index = divmod(c, channels // 4)
        taps = w[f"lines.{quarter}.weight"][index, 0]
        size = 3 + 2 * quarter
        assert len(taps) == size
        padded = t.new_zeros(n, length + size - 1)
        padded[:, size // 2 : size // 2 + length] = t[:, c]
        convolved[:, c] = w[f"lines.{quarter}.bias"][index]
        for i in range(size):
            convolved[:, c] += taps[i] * padded[:, i : i + length]
    return sigmoid(group_norm(convolved, w, norm, 4))


def restate(x, w, *, heads, window_size, bias):
    n, channels, height, width = x.shape
    of_rows = line_gate(x.sum(dim=3) / width, w, "norm_rows")
    of_columns = line_gate(x.sum(dim=2) / height, w, "norm_columns")
    gated = x * of_rows[:, :, :, None] * of_columns[:, :, None, :]

    tall, wide = (height, width) if window_size is None else (window_size, window_size)
    cells = [
        gated[:, :, i * tall : (i + 1) * tall, j * wide : (j + 1) * wide].sum(dim=(2, 3)) / (tall * wide)
        for i in range(height // tall)
        for j in range(width // wide)
    ]
    y = group_norm(torch.stack(cells, dim=2), w, "norm", 1)

    def scaled(name):
        t = y * w[f"{name}.weight"].reshape(-1, 1)
        if bias:
            t = t + w[f"{name}.bias"][:, None]
        return t.reshape(n, heads, channels // heads, -1)

    scores = torch.einsum("ngcp,ngdp->ngcd", scaled("query"), scaled("key")) / (channels / heads) ** 0.5
    o = torch.einsum("ngcd,ngdp->ngcp", softmax(scores, 3), scaled("value"))
    gate = sigmoid(o.sum(dim=3) / len(cells)).reshape(n, channels)
    return gated * gate[:, :, None, None]

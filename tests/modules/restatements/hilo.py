"""LITv2's HiLo attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import linear, softmax


def attend(q, k, v, d):
    """Of (..., tokens, channels), in heads of d channels."""
    q, k, v = (t.unflatten(-1, (-1, d)) for t in (q, k, v))
    a = softmax(torch.einsum("...ihd,...jhd->...hij", q, k) / d**0.5, -1)
    return torch.einsum("...hij,...jhd->...ihd", a, v).flatten(-2)


def restate(x, w, *, heads, window_size, alpha, qkv_bias):
    n, c, height, width = x.shape
    heads = heads or c // 32
    d = c // heads
    s = window_size
    low = heads if s == 1 else int(heads * alpha)
    low_width, high_width = low * d, (heads - low) * d
    assert qkv_bias == any(name in w for name in ("high_qkv.bias", "low_query.bias"))
    # Rows of windows, rows in a window, columns of windows, columns in a window.
    cells = x.permute(0, 2, 3, 1).reshape(n, height // s, s, width // s, s, c)
    parts = []

    if high_width:
        windows = cells.permute(0, 1, 3, 2, 4, 5).reshape(n, height // s, width // s, s * s, c)
        t = linear(windows, w["high_qkv.weight"], w.get("high_qkv.bias"))
        y = attend(t[..., :high_width], t[..., high_width : 2 * high_width], t[..., 2 * high_width :], d)
        y = linear(y, w["high_project.weight"], w["high_project.bias"])
        y = y.reshape(n, height // s, width // s, s, s, high_width).permute(0, 1, 3, 2, 4, 5)
        parts.append(y.reshape(n, height, width, high_width))

    if low_width:
        q = linear(cells.reshape(n, height * width, c), w["low_query.weight"], w.get("low_query.bias"))
        means = cells.sum(dim=(2, 4)).reshape(n, -1, c) / s**2
        kv = linear(means, w["low_key_value.weight"], w.get("low_key_value.bias"))
        y = attend(q, kv[..., :low_width], kv[..., low_width:], d)
        y = linear(y, w["low_project.weight"], w["low_project.bias"])
        parts.append(y.reshape(n, height, width, low_width))

    return torch.cat(parts, dim=-1).permute(0, 3, 1, 2)

"""Plain mathematics shared by the re-statements: no layers, only sums and index arithmetic."""

import torch


def sigmoid(t):
    return 1 / (1 + torch.exp(-t))


def softmax(t, axis):
    e = torch.exp(t - t.amax(dim=axis, keepdim=True))
    return e / e.sum(dim=axis, keepdim=True)


def linear(v, weight, bias=None):
    """Of the last axis."""
    y = torch.einsum("...i,oi->...o", v, weight)
    return y if bias is None else y + bias


def conv2d(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1):
    """The sum over the taps of a kernel; stride, padding (zeros) and dilation are numbers or (rows,
    columns)."""
    (sh, sw), (ph, pw), (dh, dw) = ((v, v) if isinstance(v, int) else v for v in (stride, padding, dilation))
    n, c, h, w = x.shape
    out, each, kh, kw = weight.shape
    assert c == each * groups
    padded = x.new_zeros(n, c, h + 2 * ph, w + 2 * pw)
    padded[:, :, ph : ph + h, pw : pw + w] = x
    rows = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    columns = (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    y = x.new_zeros(n, groups, out // groups, rows, columns)
    taps = weight.reshape(groups, out // groups, each, kh, kw)
    for i in range(kh):
        for j in range(kw):
            seen = padded[
                :,
                :,
                i * dh : i * dh + sh * (rows - 1) + 1 : sh,
                j * dw : j * dw + sw * (columns - 1) + 1 : sw,
            ]
            seen = seen.reshape(n, groups, each, rows, columns)
            y += torch.einsum("goe,ngehw->ngohw", taps[..., i, j], seen)
    y = y.reshape(n, out, rows, columns)
    return y if bias is None else y + bias[None, :, None, None]


def batch_norm(x, w, prefix, eps=1e-5):
    """With running statistics, of axis 1; `prefix` is the layer's name in the state_dict `w`."""
    shape = [1, -1] + [1] * (x.dim() - 2)
    mean, var, scale, shift = (
        w[f"{prefix}.{name}"].reshape(shape) for name in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / (var + eps) ** 0.5 * scale + shift


def tent(places, length):
    """(..., length): the weight of each of an axis's pixels in a linear sample at each place; none outside the axis."""
    pixels = torch.arange(length, dtype=places.dtype)
    return (1 - (places[..., None] - pixels).abs()).clamp_min(0)

"""Large-kernel grouped attention gate, restated: a grouped convolution is a sum over taps of products with matrices
that move its rows and its columns, and lose what leaves the map."""

import torch

from tests.modules.restatements._maths import sigmoid


def moves(length, side):
    """(side, length, length): a one where a tap at a place meets a pixel; none outside the map."""
    reach = side // 2
    ones = torch.ones(length, length, dtype=torch.float64)
    return torch.stack([ones.triu(k).tril(k) for k in range(-reach, reach + 1)])


def normed(t, w, name):
    mean, var = w[f"{name}.norm.running_mean"], w[f"{name}.norm.running_var"]
    slope = w[f"{name}.norm.weight"] / torch.sqrt(var + 1e-5)
    return slope[:, None, None] * (t - mean[:, None, None]) + w[f"{name}.norm.bias"][:, None, None]


def convolved(t, w, name):
    """(n, out, h, w), with a norm behind; a group's channels lie side by side, in the map and in the result."""
    weight, bias = w[f"{name}.conv.weight"], w[f"{name}.conv.bias"]
    out, each, side, _ = weight.shape
    n, channels, height, width = t.shape
    groups = channels // each
    rows, columns = moves(height, side), moves(width, side)
    taps = weight.reshape(groups, out // groups, each, side, side)
    grouped = t.reshape(n, groups, each, height, width)
    y = torch.zeros(n, groups, out // groups, height, width, dtype=t.dtype)
    for i in range(side):
        for j in range(side):
            y += torch.einsum("goe,ngeyx->ngoyx", taps[..., i, j], rows[i] @ grouped @ columns[j].T)
    return normed(y.reshape(n, out, height, width) + bias[:, None, None], w, name)


def restate(x, y, w, *, kernel_size):
    hidden = x.shape[1] // 2
    groups = 1 if kernel_size == 1 else hidden  # the published decoder has a group for each hidden channel
    assert w["of_map.conv.weight"].shape == (hidden, x.shape[1] // groups, kernel_size, kernel_size)
    entered = (convolved(y, w, "of_gate") + convolved(x, w, "of_map")).clamp_min(0)
    return x * sigmoid(convolved(entered, w, "score"))

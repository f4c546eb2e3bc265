"""ACmix (self-attention and convolution from the same projections), restated from its formulas."""

import torch

from tests.modules.restatements._maths import conv2d, softmax


def mirror(positions, length):
    """Indices outside 0..length-1, reflected at the first and the last element."""
    positions = positions.abs()
    return torch.where(positions >= length, 2 * (length - 1) - positions, positions)


def restate(x, w, *, heads, kernel_size, conv_kernel_size):
    n, c, height, width = x.shape
    d, reach = c // heads, kernel_size // 2
    q, k, v = (
        conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"]).reshape(n, heads, d, height, width)
        for name in ("query", "key", "value")
    )
    across = torch.linspace(-1, 1, width, dtype=x.dtype)[None, :].expand(height, width)
    down = torch.linspace(-1, 1, height, dtype=x.dtype)[:, None].expand(height, width)
    place = conv2d(torch.stack((across, down))[None], w["position.weight"], w["position.bias"])[0]

    logits, values = [], []
    for i in range(-reach, reach + 1):
        for j in range(-reach, reach + 1):
            ys = mirror(torch.arange(height) + i, height)[:, None]
            xs = mirror(torch.arange(width) + j, width)[None, :]
            key = k[..., ys, xs] + place - place[:, ys, xs]
            logits.append(torch.einsum("ngdhw,ngdhw->nghw", q / d**0.5, key))
            values.append(v[..., ys, xs])
    weights = softmax(torch.stack(logits), 0)
    attended = torch.einsum("knghw,kngdhw->ngdhw", weights, torch.stack(values)).reshape(n, c, height, width)

    chunks = torch.cat((q, k, v), dim=1)
    mixed = torch.einsum("oi,nidhw->ndohw", w["mix.weight"][:, :, 0, 0], chunks)
    mixed = mixed.reshape(n, d * conv_kernel_size**2, height, width)
    convolved = conv2d(mixed, w["conv.weight"], padding=conv_kernel_size // 2, groups=d)
    return w["rate_att"] * attended + w["rate_conv"] * convolved

"""Self-calibrated convolution, and the bottleneck it comes in, restated from their formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid


def restate(x, w, *, pooling, dilation, groups, bottleneck):
    def conv_norm(t, name, padding=0, dilation=1, groups=1):
        t = conv2d(t, w[f"{name}.conv.weight"], padding=padding, dilation=dilation, groups=groups)
        return batch_norm(t, w, f"{name}.norm")

    def three(t, name):
        assert w[f"{name}.conv.weight"].shape[2:] == (3, 3)
        return conv_norm(t, name, dilation, dilation, groups)

    def calibrated(t):
        n, c, height, width = t.shape
        h, v = height // pooling, width // pooling
        small = (
            t[:, :, : h * pooling, : v * pooling].reshape(n, c, h, pooling, v, pooling).sum(dim=(3, 5))
            / pooling**2
        )
        small = three(small, "pooled")
        rows, columns = [i * h // height for i in range(height)], [j * v // width for j in range(width)]
        gate = sigmoid(t + small[:, :, rows][:, :, :, columns])
        return three(three(t, "full") * gate, "output")

    if not bottleneck:
        return calibrated(x)
    a = three(conv_norm(x, "reduce_plain").clamp(min=0), "plain").clamp(min=0)
    b = calibrated(conv_norm(x, "reduce_calibrated").clamp(min=0)).clamp(min=0)
    return (conv_norm(torch.cat([a, b], dim=1), "expand") + x).clamp(min=0)

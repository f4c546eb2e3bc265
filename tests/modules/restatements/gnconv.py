"""Recursive gated convolution, restated from its formulas."""

from tests.modules.restatements._maths import conv2d


def restate(x, w, *, order, divisor, kernel_size):
    c = x.shape[1]
    widths = [c // 2 ** (order - 1 - i) for i in range(order)]
    everything = conv2d(x, w["enter.weight"], w["enter.bias"])
    t, first = everything[:, : widths[0]], widths[0]
    kernels, biases = w["depthwise.weight"], w["depthwise.bias"]
    for i, width in enumerate(widths):
        mine = slice(first - widths[0], first - widths[0] + width)
        u = everything[:, first : first + width]
        gate = conv2d(u, kernels[mine], biases[mine], padding=kernel_size // 2, groups=width) / divisor
        if i:
            t = conv2d(t, w[f"widen.{i - 1}.weight"], w[f"widen.{i - 1}.bias"])
        t = t * gate
        first += width
    assert first == 2 * c
    return conv2d(t, w["leave.weight"], w["leave.bias"])

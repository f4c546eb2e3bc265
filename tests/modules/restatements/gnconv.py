"""HorNet's recursive gated convolution, restated from its recursion."""

from tests.modules.restatements._maths import conv2d


def restate(x, w, *, order, divisor, kernel_size):
    c = x.shape[1]
    widths = [c >> halvings for halvings in reversed(range(order))]
    entered = conv2d(x, w["enter.weight"], w["enter.bias"])
    gates = conv2d(
        entered[:, widths[0] :],
        w["depthwise.weight"] / divisor,
        w["depthwise.bias"] / divisor,
        padding=kernel_size // 2,
        groups=sum(widths),
    )

    def gated(level):
        """The result of the first levels, `level` the last of them."""
        first = sum(widths[:level])
        gate = gates[:, first : first + widths[level]]
        if level == 0:
            return gate * entered[:, : widths[0]]
        name = f"widen.{level - 1}"
        return gate * conv2d(gated(level - 1), w[f"{name}.weight"], w[f"{name}.bias"])

    return conv2d(gated(order - 1), w["leave.weight"], w["leave.bias"])

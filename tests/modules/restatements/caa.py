"""Context Anchor Attention, restated from its formulas."""

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid


def box_mean(x, size):
    """The mean of the size x size window around each position; zeros outside the map are counted in."""
    n, c, h, w = x.shape
    reach = size // 2
    total = x.new_zeros(n, c, h, w)
    for i in range(h):
        for j in range(w):
            seen = x[:, :, max(i - reach, 0) : i + reach + 1, max(j - reach, 0) : j + reach + 1]
            total[:, :, i, j] = seen.sum(dim=(2, 3))
    return total / size**2


def restate(x, w, *, kernel_size, pool_size, norm):
    def block(t, name):
        t = conv2d(t, w[f"{name}.conv.weight"], None if norm else w[f"{name}.conv.bias"])
        if not norm:
            return t
        t = batch_norm(t, w, f"{name}.norm", eps=1e-3)
        return t * sigmoid(t)

    c, reach = x.shape[1], kernel_size // 2
    t = block(box_mean(x, pool_size), "before")
    t = conv2d(t, w["row.weight"], w["row.bias"], padding=(0, reach), groups=c)
    t = conv2d(t, w["column.weight"], w["column.bias"], padding=(reach, 0), groups=c)
    return x * sigmoid(block(t, "after"))

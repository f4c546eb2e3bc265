"""Iterative attentional feature fusion, restated from its formulas."""

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid


def restate(x, y, w, *, reduction, separate):
    def path(t, name):
        t = conv2d(t, w[f"{name}.squeeze.weight"], w[f"{name}.squeeze.bias"])
        assert t.shape[1] == x.shape[1] // reduction
        t = batch_norm(t, w, f"{name}.squeeze_norm").clamp(min=0)
        t = conv2d(t, w[f"{name}.excite.weight"], w[f"{name}.excite.bias"])
        return batch_norm(t, w, f"{name}.excite_norm")

    def mixed(t, local, overall):
        mean = t.sum((2, 3), keepdim=True) / t[0, 0].numel()
        return y + sigmoid(path(t, local) + path(mean, overall)) * (x - y)

    first = mixed(x + y, "local_path", "global_path")
    return mixed(first, "second_local_path", "second_global_path" if separate else "global_path")

"""Attentional feature fusion of two maps, restated from its formulas."""

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid


def restate(x, y, w, *, reduction):
    def path(t, name):
        t = conv2d(t, w[f"{name}.squeeze.weight"], w[f"{name}.squeeze.bias"])
        assert t.shape[1] == x.shape[1] // reduction
        t = batch_norm(t, w, f"{name}.squeeze_norm").clamp(min=0)
        t = conv2d(t, w[f"{name}.excite.weight"], w[f"{name}.excite.bias"])
        return batch_norm(t, w, f"{name}.excite_norm")

    s = x + y
    weight = sigmoid(
        path(s, "local_path") + path(s.sum((2, 3), keepdim=True) / s[0, 0].numel(), "global_path")
    )
    return 2 * (y + weight * (x - y))

"""The large-kernel grouped attention gate, restated from its formulas."""

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid


def restate(x, y, w, *, kernel_size):
    half = x.shape[1] // 2

    def f(t, name):
        groups = 1 if kernel_size == 1 else half
        weight = w[f"{name}.conv.weight"]
        assert weight.shape == (half, x.shape[1] // groups, kernel_size, kernel_size)
        t = conv2d(t, weight, w[f"{name}.conv.bias"], padding=kernel_size // 2, groups=groups)
        return batch_norm(t, w, f"{name}.norm")

    score = (f(x, "of_map") + f(y, "of_gate")).clamp(min=0)
    score = conv2d(score, w["score.conv.weight"], w["score.conv.bias"])
    return sigmoid(batch_norm(score, w, "score.norm")) * x

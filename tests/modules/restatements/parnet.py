"""The block of ParNet with its skip-squeeze-excitation, restated from its formulas."""

from tests.modules.restatements._maths import batch_norm, conv2d, linear, sigmoid


def restate(x, w, *, bias, skip_norm):
    def shift(name):
        return w[f"{name}.bias"] if bias else None

    large = batch_norm(conv2d(x, w["large.conv.weight"], shift("large.conv"), padding=1), w, "large.norm")
    small = batch_norm(conv2d(x, w["small.conv.weight"], shift("small.conv")), w, "small.norm")
    u = batch_norm(x, w, "skip_norm") if skip_norm else x
    gate = sigmoid(linear(u.mean(dim=(2, 3)), w["gate.weight"][:, :, 0, 0], shift("gate")))
    t = large + small + u * gate[:, :, None, None]
    return t * sigmoid(t)

"""Normalization-based Attention (the channel half), restated from its formulas."""

from tests.modules.restatements._maths import batch_norm, sigmoid


def restate(x, w):
    gamma = w["norm.weight"].abs()
    ratio = gamma / gamma.sum()
    return x * sigmoid(ratio[None, :, None, None] * batch_norm(x, w, "norm"))

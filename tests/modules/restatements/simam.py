"""SimAM, restated from its formulas."""

from tests.modules.restatements._maths import sigmoid


def restate(x, w, *, e_lambda):
    assert not w
    area = x.shape[2] * x.shape[3]
    d = (x - x.sum(dim=(2, 3), keepdim=True) / area) ** 2
    variance = d.sum(dim=(2, 3), keepdim=True) / (area - 1)
    return x * sigmoid(d / (4 * (variance + e_lambda)) + 0.5)

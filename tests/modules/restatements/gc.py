"""Global Context block, restated from its formulas."""

import torch

from tests.modules.restatements._maths import linear, sigmoid, softmax


def restate(x, w, *, reduction, pooling, fusion):
    n, c, height, width = x.shape
    flat = x.flatten(2)

    if pooling == "att":
        mask = torch.einsum("c,ncp->np", w["mask.weight"].reshape(c), flat) + w["mask.bias"]
        context = torch.einsum("np,ncp->nc", softmax(mask, axis=1), flat)
    else:
        assert pooling == "avg"
        assert "mask.weight" not in w
        context = flat.sum(dim=2) / (height * width)

    def transform(name):
        hidden = c // reduction
        assert w[f"{name}.squeeze.weight"].shape == (hidden, c, 1, 1)
        z = linear(context, w[f"{name}.squeeze.weight"][:, :, 0, 0], w[f"{name}.squeeze.bias"])
        mean = z.sum(dim=1, keepdim=True) / hidden
        variance = ((z - mean) ** 2).sum(dim=1, keepdim=True) / hidden
        z = (z - mean) / (variance + 1e-5) ** 0.5
        z = (z * w[f"{name}.norm.weight"].reshape(hidden) + w[f"{name}.norm.bias"].reshape(hidden)).clamp(
            min=0
        )
        z = linear(z, w[f"{name}.excite.weight"][:, :, 0, 0], w[f"{name}.excite.bias"])
        return z.reshape(n, c, 1, 1)

    assert fusion in ("add", "mul", "both")
    y = x
    if fusion != "add":
        y = y * sigmoid(transform("mul"))
    if fusion != "mul":
        y = y + transform("add")
    return y

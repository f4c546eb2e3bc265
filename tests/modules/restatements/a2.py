"""Double attention (A2-Nets), restated from its formulas."""

import torch

from tests.modules.restatements._maths import softmax


def restate(x, w, *, reduction):
    c, height, width = x.shape[1:]
    assert all(
        w[f"{name}.weight"].shape[0] == c // reduction for name in ("features", "gather", "distribute")
    )

    def pointwise(t, name):
        return torch.einsum("oc,ncp->nop", w[f"{name}.weight"][:, :, 0, 0], t) + w[f"{name}.bias"][:, None]

    flat = x.flatten(2)
    a, b, v = (pointwise(flat, name) for name in ("features", "gather", "distribute"))
    g = torch.einsum("nmp,nkp->nmk", a, softmax(b, axis=2))
    z = torch.einsum("nmk,nkp->nmp", g, softmax(v, axis=1))
    return pointwise(z, "project").unflatten(2, (height, width))

"""The expectation-maximization attention unit, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, softmax


def restate(x, w, *, bases, iterations):
    n, c, h, width = x.shape
    f = torch.einsum("oc,ncp->nop", w["embed.weight"][:, :, 0, 0], x.reshape(n, c, h * width))
    f = f + w["embed.bias"][:, None]
    outs = []
    for one in f:
        mu = w["bases"][0]
        assert mu.shape == (c, bases)
        for _ in range(iterations):
            z = softmax(torch.einsum("cp,ck->pk", one, mu), 1)
            mu = torch.einsum("cp,pk->ck", one, z / (1e-6 + z.sum(dim=0)))
            mu = mu / (1e-6 + (mu * mu).sum(dim=0) ** 0.5)
        outs.append(torch.einsum("ck,pk->cp", mu, z))
    out = torch.stack(outs).clamp(min=0)
    out = torch.einsum("oc,ncp->nop", w["project.weight"][:, :, 0, 0], out)
    return (x + batch_norm(out, w, "norm").reshape(x.shape)).clamp(min=0)

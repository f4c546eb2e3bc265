"""Criss-Cross Attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import softmax


def restate(x, w, *, reduction, recurrence):
    c, height, width = x.shape[1:]
    assert w["query.weight"].shape == w["key.weight"].shape == (c // reduction, c, 1, 1)

    def pointwise(t, name):
        return (
            torch.einsum("oc,nchw->nohw", w[f"{name}.weight"][:, :, 0, 0], t)
            + w[f"{name}.bias"][:, None, None]
        )

    def once(t):
        query, key, value = (pointwise(t, name) for name in ("query", "key", "value"))
        o = torch.zeros_like(t)
        for i in range(height):
            for j in range(width):
                seen = [(row, j) for row in range(height) if row != i] + [
                    (i, column) for column in range(width)
                ]
                assert len(set(seen)) == height + width - 1
                logits = torch.stack(
                    [(query[:, :, i, j] * key[:, :, a, b]).sum(dim=1) for a, b in seen], dim=1
                )
                weights = softmax(logits, axis=1)
                for k, (a, b) in enumerate(seen):
                    o[:, :, i, j] += weights[:, k, None] * value[:, :, a, b]
        return w["gamma"] * o + t

    for _ in range(recurrence):
        x = once(x)
    return x

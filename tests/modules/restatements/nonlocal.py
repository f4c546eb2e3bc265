"""Non-local block, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, softmax


def restate(x, w, *, mode, reduction, subsample, norm):
    c, height, width = x.shape[1:]
    inner = max(1, c // reduction)
    assert ("norm.weight" in w) == norm

    def pointwise(t, name):
        return (
            torch.einsum("oc,nchw->nohw", w[f"{name}.weight"][:, :, 0, 0], t)
            + w[f"{name}.bias"][:, None, None]
        )

    def keys(t):
        """One column per key: each position, or the largest value of each whole 2 x 2 square."""
        if not subsample:
            return t.flatten(2)
        columns = []
        for i in range(height // 2):
            for j in range(width // 2):
                columns.append(t[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].amax(dim=(2, 3)))
        return torch.stack(columns, dim=2)

    value = keys(pointwise(x, "value"))
    assert value.shape[1] == inner
    if mode == "gaussian":
        assert "query.weight" not in w
        assert "key.weight" not in w
        query, key = x.flatten(2), keys(x)
    else:
        query, key = pointwise(x, "query").flatten(2), keys(pointwise(x, "key"))
        assert query.shape[1] == key.shape[1] == inner

    if mode == "concatenation":
        score = w["score.weight"].reshape(2 * inner)
        of_query = torch.einsum("i,nip->np", score[:inner], query)
        of_key = torch.einsum("i,niq->nq", score[inner:], key)
        f = (of_query[:, :, None] + of_key[:, None, :]).clamp(min=0)
    else:
        f = torch.einsum("nip,niq->npq", query, key)
    softened = {"embedded_gaussian": True, "gaussian": True, "dot_product": False, "concatenation": False}[
        mode
    ]
    weights = softmax(f, axis=2) if softened else f / key.shape[2]

    y = torch.einsum("npq,niq->nip", weights, value).unflatten(2, (height, width))
    y = pointwise(y, "project")
    return x + (batch_norm(y, w, "norm") if norm else y)

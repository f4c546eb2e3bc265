"""The position and channel attention of the Dual Attention Network, restated from their formulas."""

import torch

from tests.modules.restatements._maths import softmax


def restate(x, w, *, mode, reduction):
    c, height, width = x.shape[1:]
    flat = x.flatten(2)

    def pointwise(name):
        return torch.einsum("oc,ncp->nop", w[f"{name}.weight"][:, :, 0, 0], flat) + w[f"{name}.bias"][:, None]

    def position():
        assert w["position.query.weight"].shape == w["position.key.weight"].shape == (c // reduction, c, 1, 1)
        query, key, value = (pointwise(f"position.{name}") for name in ("query", "key", "value"))
        s = softmax(torch.einsum("nip,niq->npq", query, key), axis=2)
        o = torch.einsum("npq,ncq->ncp", s, value)
        return w["position.gamma"] * o.unflatten(2, (height, width)) + x

    def channel():
        likeness = torch.einsum("nap,nbp->nab", flat, flat)
        a = softmax(-likeness, axis=2)
        o = torch.einsum("nab,nbp->nap", a, flat)
        return w["channel.gamma"] * o.unflatten(2, (height, width)) + x

    assert ("position.gamma" in w) == (mode != "channel")
    assert ("channel.gamma" in w) == (mode != "position")
    if mode == "both":
        return position() + channel()
    return {"position": position, "channel": channel}[mode]()

"""External attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm


def double_normalised(a, eps):
    """`a` is (..., slot, position): a softmax over the positions, then a share among the slots."""
    e = torch.exp(a - a.amax(dim=-1, keepdim=True))
    e = e / e.sum(dim=-1, keepdim=True)
    return e / (eps + e.sum(dim=-2, keepdim=True))


def restate(x, w, *, mode, slots, heads, expansion):
    n, c, h, width = x.shape
    flat = x.reshape(n, c, h * width)
    assert w["memory_key.weight"].shape[0] == slots
    if mode == "tokens":
        a = double_normalised(torch.einsum("sc,ncp->nsp", w["memory_key.weight"], flat), 0)
        return torch.einsum("cs,nsp->ncp", w["memory_value.weight"], a).reshape(x.shape)
    if mode == "unit":
        z = torch.einsum("oc,ncp->nop", w["embed.weight"][:, :, 0, 0], flat) + w["embed.bias"][:, None]
        a = double_normalised(torch.einsum("sc,ncp->nsp", w["memory_key.weight"][:, :, 0], z), 1e-9)
        out = torch.einsum("cs,nsp->ncp", w["memory_value.weight"][:, :, 0], a)
        out = torch.einsum("oc,ncp->nop", w["project.weight"][:, :, 0, 0], out)
        return (x + batch_norm(out, w, "norm").reshape(x.shape)).clamp(min=0)
    assert mode == "multi_head"
    z = torch.einsum("oc,ncp->nop", w["embed.weight"], flat) + w["embed.bias"][:, None]
    size = c // heads
    outs = []
    for head in range(heads * expansion):
        mine = z[:, head * size : (head + 1) * size]
        a = torch.einsum("sd,ndp->nsp", w["memory_key.weight"], mine) + w["memory_key.bias"][:, None]
        a = double_normalised(a, 1e-9)
        outs.append(
            torch.einsum("ds,nsp->ndp", w["memory_value.weight"], a) + w["memory_value.bias"][:, None]
        )
    out = torch.cat(outs, 1)
    return (torch.einsum("oc,ncp->nop", w["project.weight"], out) + w["project.bias"][:, None]).reshape(
        x.shape
    )

"""MobileViT's block, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, linear, sigmoid, softmax


def conv(x, w, name, **options):
    y = batch_norm(conv2d(x, w[f"{name}.conv.weight"], **options), w, f"{name}.norm")
    return y * sigmoid(y)


def norm(t, w, name):
    centred = t - t.mean(-1, keepdim=True)
    return (
        centred / ((centred**2).mean(-1, keepdim=True) + 1e-5) ** 0.5 * w[f"{name}.weight"]
        + w[f"{name}.bias"]
    )


def dense(t, w, name):
    return linear(t, w[f"{name}.weight"], w[f"{name}.bias"])


def layer(t, w, name, heads):
    """t (N, M, d): tokens at one place of their patches."""
    q, k, v = dense(norm(t, w, f"{name}.norm1"), w, f"{name}.qkv").split(t.shape[2], dim=2)
    out = []
    for q_h, k_h, v_h in zip(*(part.chunk(heads, dim=2) for part in (q, k, v)), strict=True):
        weights = softmax(torch.einsum("nqc,nkc->nqk", q_h, k_h) / q_h.shape[2] ** 0.5, 2)
        out.append(torch.einsum("nqk,nkc->nqc", weights, v_h))
    t = t + dense(torch.cat(out, dim=2), w, f"{name}.project")
    wide = dense(norm(t, w, f"{name}.norm2"), w, f"{name}.widen")
    return t + dense(wide * sigmoid(wide), w, f"{name}.narrow")


def restate(x, w, *, expansion, depth, heads, mlp_ratio, patch_size):
    u = conv2d(conv(x, w, "local", padding=1), w["widen.weight"])
    assert u.shape[1] == int(x.shape[1] * expansion)
    assert len(w["layers.0.widen.weight"]) == int(u.shape[1] * mlp_ratio)
    far = torch.zeros_like(u)
    for i in range(patch_size):
        for j in range(patch_size):
            place = u[:, :, i::patch_size, j::patch_size]
            t = place.flatten(2).transpose(1, 2)
            for number in range(depth):
                t = layer(t, w, f"layers.{number}", heads)
            t = norm(t, w, "norm").transpose(1, 2)
            far[:, :, i::patch_size, j::patch_size] = t.reshape(place.shape)
    return conv(torch.cat((x, conv(far, w, "narrow")), dim=1), w, "join", padding=1)

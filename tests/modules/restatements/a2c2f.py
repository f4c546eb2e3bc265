"""A2C2f and ABlock, restated from their formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid, softmax


def conv(x, w, name, **options):
    return batch_norm(conv2d(x, w[f"{name}.conv.weight"], **options), w, f"{name}.norm")


def silu(t):
    return t * sigmoid(t)


def area_attention(b, w, name, area):
    n, c, height, width = b.shape
    positions = height * width // area
    qkv = conv(b, w, f"{name}.qkv").flatten(2)
    out, values = torch.zeros_like(b).flatten(2), torch.zeros_like(b).flatten(2)
    for h in range(c // 32):
        q, k, v = (qkv[:, 96 * h + 32 * part : 96 * h + 32 * (part + 1)] for part in range(3))
        mine = slice(32 * h, 32 * (h + 1))
        values[:, mine] = v
        for first in range(0, height * width, positions):
            band = slice(first, first + positions)
            weights = softmax(torch.einsum("ncq,nck->nqk", q[..., band], k[..., band]) / 32**0.5, 2)
            out[:, mine, band] = torch.einsum("nqk,nck->ncq", weights, v[..., band])
    out, v = out.reshape(b.shape), values.reshape(b.shape)
    return conv(out + conv(v, w, f"{name}.local", padding=3, groups=c), w, f"{name}.project")


def block(b, w, name, area):
    u = b + area_attention(b, w, f"{name}.attention", area)
    return u + conv(silu(conv(u, w, f"{name}.widen")), w, f"{name}.narrow")


def restate(x, w, *, depth, area, mlp_ratio, expansion, residual, alone):
    if alone:
        return block(x, w, "blocks.0.0", area)
    maps = [silu(conv(x, w, "enter"))]
    assert maps[0].shape[1] == int(x.shape[1] * expansion)
    for i in range(depth):
        maps.append(block(block(maps[-1], w, f"blocks.{i}.0", area), w, f"blocks.{i}.1", area))
    y = silu(conv(torch.cat(maps, dim=1), w, "join"))
    assert residual == ("gamma" in w)
    return x + w["gamma"] * y if residual else y

"""SEAM and MultiSEAM, restated from their formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid


def gelu(t):
    return t * (1 + torch.erf(t / 2**0.5)) / 2


def silu(t):
    return t * sigmoid(t)


def layer(x, w, name, act, **options):
    t = conv2d(x, w[f"{name}.conv.weight"], w[f"{name}.conv.bias"], **options)
    return batch_norm(act(t), w, f"{name}.norm")


def network(x, w, name, depth, act):
    for j in range(depth):
        x = x + layer(x, w, f"{name}.layer{j}.depthwise", act, padding=1, groups=x.shape[1])
        x = layer(x, w, f"{name}.layer{j}.pointwise", act)
    return x.mean((2, 3))


def restate(x, w, *, depth, reduction, multi):
    if multi:
        means = [x.mean((2, 3))]
        for i, patch in enumerate((3, 5, 7)):
            patches = layer(x, w, f"networks.{i}.patches", silu, stride=patch)
            means.append(network(patches, w, f"networks.{i}", depth, silu))
        s = sum(means) / 4
    else:
        s = network(x, w, "networks.0", depth, gelu)
    squeeze, excite = (w[f"{name}.weight"].flatten(1) for name in ("squeeze", "excite"))
    assert len(squeeze) == x.shape[1] // reduction
    gate = torch.exp(sigmoid((s @ squeeze.T).clamp(min=0) @ excite.T))
    return x * gate[:, :, None, None]

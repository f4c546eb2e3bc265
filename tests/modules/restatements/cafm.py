"""HCANet's convolution and attention fusion, restated from its formulas, with kernels of two dimensions."""

import torch

from tests.modules.restatements._maths import conv2d, softmax


def flat(w, name):
    """The kernel's middle slice and the bias, None where there is none: the map has a depth of 1."""
    kernel = w[f"{name}.weight"]
    return kernel[:, :, kernel.shape[2] // 2], w.get(f"{name}.bias")


def restate(x, w, *, heads, bias):
    n, c, height, width = x.shape
    d, positions = c // heads, height * width
    assert ("project.bias" in w) == bias
    qkv = conv2d(conv2d(x, *flat(w, "qkv")), *flat(w, "depthwise"), padding=1, groups=3 * c)

    mix, mix_bias = flat(w, "mix")
    rows = qkv.reshape(n, positions, 3 * heads, d)
    f = torch.einsum("npad,oa->ndop", rows, mix[:, :, 0, 0]) + mix_bias[:, None]
    kernel, local_bias = flat(w, "local")
    local = conv2d(f.reshape(n, 9 * d, height, width), kernel, local_bias, padding=1, groups=d)

    q, k, v = (qkv[:, part * c : (part + 1) * c].flatten(2) for part in range(3))
    q, k = (t / t.norm(dim=2, keepdim=True) for t in (q, k))
    out = torch.zeros_like(v)
    for h in range(heads):
        own = slice(h * d, (h + 1) * d)
        weights = softmax(w["temperature"][h] * torch.einsum("nap,nbp->nab", q[:, own], k[:, own]), 2)
        out[:, own] = torch.einsum("nab,nbp->nap", weights, v[:, own])
    return conv2d(out.reshape(x.shape), *flat(w, "project")) + local

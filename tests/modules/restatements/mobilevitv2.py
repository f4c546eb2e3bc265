"""MobileViTv2's separable self-attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import conv2d


def restate(x, w, *, patch_size, bias):
    c = x.shape[1]
    assert ("qkv.bias" in w) == ("project.bias" in w) == bias
    qkv = conv2d(x, w["qkv.weight"], w.get("qkv.bias"))
    q, k, v = qkv[:, :1], qkv[:, 1 : 1 + c], qkv[:, 1 + c :]
    out = torch.zeros_like(x)
    for i in range(patch_size):
        for j in range(patch_size):
            # The pixel (i, j) of every patch: a softmax over the patches.
            at = (slice(None), slice(None), slice(i, None, patch_size), slice(j, None, patch_size))
            e = torch.exp(q[at] - q[at].amax(dim=(2, 3), keepdim=True))
            s = e / e.sum(dim=(2, 3), keepdim=True)
            out[at] = v[at].clamp(min=0) * (k[at] * s).sum(dim=(2, 3), keepdim=True)
    return conv2d(out, w["project.weight"], w.get("project.bias"))

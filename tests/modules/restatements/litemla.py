"""EfficientViT's multi-scale linear attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d


def restate(x, w, *, head_channels, kernel_size):
    n, c, h, width = x.shape
    d, heads = head_channels, c // head_channels
    t = conv2d(x, w["qkv.weight"])
    scaled = conv2d(t, w["depthwise.weight"], padding=kernel_size // 2, groups=3 * c)
    scaled = conv2d(scaled, w["pointwise.weight"], groups=3 * heads)
    outs = []
    for scale in (t, scaled):
        flat = scale.reshape(n, 3 * c, h * width)
        for head in range(heads):
            q, k, v = (flat[:, (3 * head + part) * d : (3 * head + part + 1) * d] for part in range(3))
            # How much each position (o) takes from each other (p), before the share among them.
            weights = torch.einsum("ndo,ndp->nop", q.clamp(min=0), k.clamp(min=0))
            outs.append(torch.einsum("nop,ndp->ndo", weights, v) / (weights.sum(dim=2)[:, None] + 1e-15))
    out = torch.cat(outs, 1).reshape(n, 2 * c, h, width)
    return batch_norm(conv2d(out, w["project.weight"]), w, "norm")

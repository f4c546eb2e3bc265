"""S2-attention (the shifts and the split attention of S2-MLPv2), restated from its formulas."""

import torch

from tests.modules.restatements._maths import linear, softmax


def moved(t, axis, step):
    """Shift by one along an axis of (N, H, W, C); the border that nothing moves into keeps its value."""
    length = t.shape[axis]
    return t.index_select(axis, (torch.arange(length) - step).clamp(0, length - 1))


def restate(x, w):
    c = x.shape[1]
    t = linear(x.permute(0, 2, 3, 1), w["expand.weight"], w["expand.bias"])
    cuts = [0, c // 4, c // 2, 3 * c // 4, c]
    orders = (((1, 1), (1, -1), (2, 1), (2, -1)), ((2, 1), (2, -1), (1, 1), (1, -1)))
    branches = []
    for i, order in enumerate(orders):
        part = t[..., i * c : (i + 1) * c]
        quarters = [moved(part[..., cuts[j] : cuts[j + 1]], *shift) for j, shift in enumerate(order)]
        branches.append(torch.cat(quarters, dim=-1))
    branches = torch.stack((*branches, t[..., 2 * c :]), dim=1)
    a = linear(branches.sum(dim=(1, 2, 3)), w["squeeze.weight"])
    a = a * (1 + torch.erf(a / 2**0.5)) / 2
    weights = softmax(linear(a, w["weights.weight"]).reshape(-1, 3, c), 1)
    out = torch.einsum("nic,nihwc->nhwc", weights, branches)
    return linear(out, w["project.weight"], w["project.bias"]).permute(0, 3, 1, 2)

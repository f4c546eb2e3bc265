"""Triplet attention, restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid


def restate(x, w, *, kernel_size, no_spatial):
    def gate(axis, order, name):
        """Pool over `axis` of x; `order` is the pair of axes of x that are the rows and columns of the
        plane."""
        pooled = x.amax(dim=axis), x.sum(dim=axis) / x.shape[axis]
        left = [a for a in (0, 1, 2, 3) if a != axis]
        planes = torch.stack(
            [p.permute(0, left.index(order[0]), left.index(order[1])) for p in pooled], dim=1
        )
        assert w[f"{name}.conv.weight"].shape == (1, 2, kernel_size, kernel_size)
        score = conv2d(planes, w[f"{name}.conv.weight"], padding=(kernel_size - 1) // 2)
        plane = sigmoid(batch_norm(score, w, f"{name}.norm"))[:, 0]
        back = [("n", "c", "h", "w")[a] for a in order]
        return torch.einsum(f"nchw,n{''.join(back)}->nchw", x, plane)

    branches = [gate(2, (1, 3), "channel_width"), gate(3, (2, 1), "height_channel")]
    if not no_spatial:
        branches.append(gate(1, (2, 3), "spatial"))
    return sum(branches) / len(branches)

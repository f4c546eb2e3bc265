"""Strip Pooling (the gate SPM and the mixed pooling module MPM), restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid


def averaging(inside, outside, like):
    """The matrix of an adaptive average pool of one axis: bin i spans floor(i L/n) up to ceil((i + 1)
    L/n)."""
    matrix = like.new_zeros(outside, inside)
    for i in range(outside):
        first, last = i * inside // outside, -(-(i + 1) * inside // outside)
        matrix[i, first:last] = 1 / (last - first)
    return matrix


def stretching(inside, outside, like):
    """The matrix of a linear interpolation of one axis whose end points stay in place."""
    matrix = like.new_zeros(outside, inside)
    for i in range(outside):
        step, rest = divmod(i * (inside - 1), outside - 1) if outside > 1 else (0, 0)
        share = rest / (outside - 1) if rest else 0.0
        matrix[i, step] += 1 - share
        if rest:
            matrix[i, step + 1] += share
    return matrix


def along_both(t, rows, columns):
    return torch.einsum("ih,jw,nchw->ncij", rows, columns, t)


def restate(x, w, *, mode, reduction, fine_pool, coarse_pool):
    h, wide = x.shape[2:]

    def cb(t, name, padding=0):
        return batch_norm(
            conv2d(t, w[f"layers.{name}.conv.weight"], padding=padding), w, f"layers.{name}.norm"
        )

    def relu(t):
        return t.clamp(min=0)

    def up(t):
        return along_both(t, stretching(t.shape[2], h, t), stretching(t.shape[3], wide, t))

    def strips(t):
        rows = cb(t.mean(dim=3, keepdim=True), "rows", (1, 0))
        columns = cb(t.mean(dim=2, keepdim=True), "columns", (0, 1))
        return up(rows) + up(columns)

    if mode == "spm":
        gate = conv2d(relu(strips(x)), w["layers.gate.weight"], w["layers.gate.bias"])
        return x * sigmoid(gate)

    assert mode == "mpm"
    a, b = relu(cb(x, "reduce_pyramid")), relu(cb(x, "reduce_strips"))
    assert a.shape[1] == b.shape[1] == x.shape[1] // reduction

    def pooled(size):
        return along_both(a, averaging(h, size, a), averaging(wide, size, a))

    s = cb(a, "full", 1) + up(cb(pooled(fine_pool), "fine", 1)) + up(cb(pooled(coarse_pool), "coarse", 1))
    s = relu(cb(relu(s), "pyramid", 1))
    t = relu(cb(relu(strips(b)), "strips", 1))
    return relu(x + cb(torch.cat([s, t], dim=1), "merge"))

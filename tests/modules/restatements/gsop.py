"""Global second-order pooling (GSoP), restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, sigmoid

GRID = 8


def averaging(size, bins):
    """The (bins, size) weights of adaptive average pooling: bin i averages floor(i s / b) .. ceil((i + 1) s /
    b) - 1."""
    weights = torch.zeros(bins, size, dtype=torch.float64)
    for i in range(bins):
        first, last = i * size // bins, -(-(i + 1) * size // bins)
        weights[i, first:last] = 1 / (last - first)
    return weights


def pooled(t, rows, columns):
    return torch.einsum("ih,nchw,jw->ncij", averaging(t.shape[2], rows), t, averaging(t.shape[3], columns))


def excite(matrix, w, prefix, relu):
    """One answer per output of the last layer from a (N, m, m) matrix: every row has four kernels of its
    own."""
    m = matrix.shape[1]
    p = batch_norm(matrix, w, f"{prefix}.norm")
    kernels = w[f"{prefix}.rows.weight"].reshape(m, 4, m)
    z = torch.einsum("mkj,nmj->nmk", kernels, p).reshape(-1, 4 * m) + w[f"{prefix}.rows.bias"]
    if relu:
        z = z.clamp(min=0)
    project = w[f"{prefix}.project.weight"]
    return sigmoid(
        torch.einsum("oz,nz->no", project.reshape(len(project), -1), z) + w[f"{prefix}.project.bias"]
    )


def by_channel(x, w, dim, stride):
    t = conv2d(x.clamp(min=0), w["channel.reduce.weight"], w["channel.reduce.bias"], stride=stride)
    t = batch_norm(t, w, "channel.norm").clamp(min=0).reshape(len(x), dim, -1)
    centred = t - t.sum(dim=2, keepdim=True) / t.shape[2]
    covariance = torch.einsum("nim,njm->nij", centred, centred) / t.shape[2]
    return x * excite(covariance, w, "channel.excite", relu=False)[:, :, None, None]


def by_position(x, w, dim):
    t = conv2d(x.clamp(min=0), w["position.reduce.weight"], w["position.reduce.bias"])
    t = pooled(batch_norm(t, w, "position.norm"), GRID, GRID).reshape(len(x), dim, GRID * GRID)
    j = (torch.eye(dim, dtype=torch.float64) - torch.ones(dim, dim, dtype=torch.float64) / GRID**2) / GRID**2
    p = torch.einsum("nda,de,neb->nab", t, j, t)
    grid = excite(p, w, "position.excite", relu=True).reshape(len(x), 1, GRID, GRID)
    return (x * pooled(grid, x.shape[2], x.shape[3])).clamp(min=0)


def restate(x, w, *, mode, dim, stride):
    if stride is None:
        stride = 2 if x.shape[1] // 4 <= 64 else 1
    y = 0
    if mode in ("channel", "fusion"):
        y = y + by_channel(x, w, dim, stride)
    if mode in ("position", "fusion"):
        y = y + by_position(x, w, dim)
    return y

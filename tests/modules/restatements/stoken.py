"""Super token attention (STViT), restated from its formulas."""

import math

import torch

from tests.modules.restatements._maths import conv2d, softmax


def self_attention(x, w, heads, qkv_bias):
    n, c, height, width = x.shape
    d = c // heads
    qkv = conv2d(x, w["qkv.weight"], w["qkv.bias"] if qkv_bias else None).reshape(
        n, heads, 3, d, height * width
    )
    q, k, v = qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2]
    weights = softmax(torch.einsum("nhdk,nhdq->nhkq", k, q) / d**0.5, 2)
    out = torch.einsum("nhdk,nhkq->nhdq", v, weights).reshape(n, c, height, width)
    return conv2d(out, w["project.weight"], w["project.bias"])


def gather(s, kernels):
    """Every cell's nine neighbours, zeros outside: (N, C, h, w) to (N, C, 9, h, w)."""
    n, c, h, w = s.shape
    return conv2d(s.reshape(n * c, 1, h, w), kernels, padding=1).reshape(n, c, 9, h, w)


def scatter(parts, kernels):
    """The transpose of gather: (N, C, 9, h, w) to (N, C, h, w)."""
    n, c, _, h, w = parts.shape
    total = parts.new_zeros(n, c, h + 2, w + 2)
    for i in range(3):
        for j in range(3):
            total[:, :, i : i + h, j : j + w] += torch.einsum("o,ncohw->nchw", kernels[:, 0, i, j], parts)
    return total[:, :, 1 : 1 + h, 1 : 1 + w]


def restate(x, w, *, stoken_size, n_iter, heads, qkv_bias):
    n, c, height, width = x.shape
    stage = min(max(round(math.log2(56 / min(height, width))), 0), 3)
    size = stoken_size or (8, 4, 1, 1)[stage]
    heads = heads or c // 64
    if size == 1:
        return self_attention(x, w, heads, qkv_bias)
    rows, columns = -(-height // size), -(-width // size)
    padded = x.new_zeros(n, c, rows * size, columns * size)
    padded[:, :, :height, :width] = x
    pixels = padded.reshape(n, c, rows, size, columns, size)
    tokens = pixels.sum(dim=(3, 5)) / size**2
    for _ in range(n_iter):
        near = gather(tokens, w["unfold"])
        share = softmax(torch.einsum("ncaibj,nckab->nkaibj", pixels, near) / c**0.5, 1)
        sums = scatter(torch.einsum("nkaibj,ncaibj->nckab", share, pixels), w["fold"])
        mass = scatter(share.sum(dim=(3, 5))[:, None], w["fold"])
        tokens = sums / (mass + 1e-12)
    near = gather(self_attention(tokens, w, heads, qkv_bias), w["unfold"])
    y = torch.einsum("nkaibj,nckab->ncaibj", share, near).reshape(n, c, rows * size, columns * size)
    return y[:, :, :height, :width]

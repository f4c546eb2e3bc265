"""Deformable attention (DAT), restated from its formulas."""

import math

import torch

from tests.modules.restatements._maths import conv2d, softmax


def at(image, y, x):
    """Bilinear values of image (N, C, H, W) at y, x (N, P), both -1..1 from first to last pixel; zero
    outside."""
    n, c, height, width = image.shape
    y, x = (y + 1) / 2 * (height - 1), (x + 1) / 2 * (width - 1)
    total = 0
    for i in (torch.floor(y), torch.floor(y) + 1):
        for j in (torch.floor(x), torch.floor(x) + 1):
            inside = (i >= 0) & (i < height) & (j >= 0) & (j < width)
            share = (1 - (y - i).abs()) * (1 - (x - j).abs()) * inside
            index = i.clamp(0, height - 1).long() * width + j.clamp(0, width - 1).long()
            index = index[:, None, :].expand(n, c, index.shape[1])
            total = total + share[:, None, :] * image.reshape(n, c, height * width).gather(2, index)
    return total


def restate(x, w, *, heads, groups, stride, kernel_size, offset_range):
    n, c, height, width = x.shape
    stage = min(max(round(math.log2(56 / min(height, width))), 0), 3)
    heads = heads or c // 32
    groups = groups or min((1, 2, 4, 8)[stage], heads)
    stride = stride or (8, 4, 2, 1)[stage]
    kernel_size = kernel_size or (9, 7, 5, 3)[stage]
    d, each = c // heads, c // groups

    q = conv2d(x, w["query.weight"], w["query.bias"])
    padding = 0 if kernel_size == stride else kernel_size // 2
    parts = []
    for g in range(groups):
        channels = slice(g * each, (g + 1) * each)
        t = conv2d(
            q[:, channels],
            w["offset_conv.weight"],
            w["offset_conv.bias"],
            stride=stride,
            padding=padding,
            groups=each,
        )
        centred = t - t.mean(1, keepdim=True)
        t = centred / ((centred**2).mean(1, keepdim=True) + 1e-5) ** 0.5
        t = t * w["offset_norm.weight"][:, None, None] + w["offset_norm.bias"][:, None, None]
        t = t * (1 + torch.erf(t / 2**0.5)) / 2
        offset = conv2d(t, w["offset_project.weight"])
        hk, wk = offset.shape[2:]
        y = ((torch.arange(hk, dtype=x.dtype) + 0.5) / (hk - 1) * 2 - 1)[:, None]
        z = ((torch.arange(wk, dtype=x.dtype) + 0.5) / (wk - 1) * 2 - 1)[None, :]
        if offset_range < 0:
            y, z = (y + offset[:, 0]).clamp(-1, 1), (z + offset[:, 1]).clamp(-1, 1)
        else:
            y = y + torch.tanh(offset[:, 0]) * offset_range / (hk - 1)
            z = z + torch.tanh(offset[:, 1]) * offset_range / (wk - 1)
        parts.append((y.reshape(n, hk * wk), z.reshape(n, hk * wk), channels))

    sampled = torch.cat([at(x[:, channels], y, z) for y, z, channels in parts], dim=1)
    k, v = (
        torch.einsum("oc,ncp->nop", w[f"{name}.weight"][:, :, 0, 0], sampled) + w[f"{name}.bias"][:, None]
        for name in ("key", "value")
    )
    rows = torch.arange(height, dtype=x.dtype) / (height - 1) * 2 - 1
    columns = torch.arange(width, dtype=x.dtype) / (width - 1) * 2 - 1
    rows, columns = (t.flatten() for t in torch.meshgrid(rows, columns, indexing="ij"))
    out = []
    for head in range(heads):
        y, z, _ = parts[head // (heads // groups)]
        points = y.shape[1]
        dy = (rows[None, :, None] - y[:, None, :]).reshape(n, -1) / 2
        dz = (columns[None, :, None] - z[:, None, :]).reshape(n, -1) / 2
        table = w["bias_table"][None, head : head + 1].expand(n, -1, -1, -1)
        bias = at(table, dy, dz).reshape(n, height * width, points)
        mine = slice(head * d, (head + 1) * d)
        logits = torch.einsum("ncq,nck->nqk", q[:, mine].reshape(n, d, -1), k[:, mine]) / d**0.5 + bias
        out.append(torch.einsum("nqk,nck->ncq", softmax(logits, -1), v[:, mine]))
    out = torch.cat(out, dim=1).reshape(n, c, height, width)
    return conv2d(out, w["project.weight"], w["project.bias"])

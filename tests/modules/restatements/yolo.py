"""YOLO's position-sensitive and area attention, restated from their formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, softmax


def restate(x, w, *, heads, head_channels, attn_ratio, kernel_size, area):
    n, c, height, width = x.shape
    heads = heads or c // head_channels
    d = c // heads
    key = int(d * attn_ratio)
    qkv = batch_norm(conv2d(x, w["qkv.conv.weight"]), w, "qkv.norm")
    tokens = qkv.reshape(n, heads, 2 * key + d, area, height * width // area)
    q, k, v = tokens[:, :, :key], tokens[:, :, key : 2 * key], tokens[:, :, 2 * key :]
    weights = softmax(torch.einsum("nhdaq,nhdak->nhaqk", q, k) / key**0.5, -1)
    out = torch.einsum("nhaqk,nhdak->nhdaq", weights, v).reshape(n, c, height, width)
    v = v.reshape(n, c, height, width)
    local = conv2d(v, w["local.conv.weight"], padding=kernel_size // 2, groups=c)
    out = out + batch_norm(local, w, "local.norm")
    return batch_norm(conv2d(out, w["project.conv.weight"]), w, "project.norm")

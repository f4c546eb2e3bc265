"""BiFormer's bi-level routing attention, restated from its formulas."""

import math

import torch

from tests.modules.restatements._maths import conv2d, linear, softmax


def restate(x, w, *, heads, windows, topk, kernel_size):
    n, c, height, width = x.shape
    heads = heads or c // 32
    stage = min(max(round(math.log2(56 / min(height, width))), 0), 3)
    topk = topk or (1, 4, 16, 49)[stage]
    d = c // heads
    q, k, v = linear(x.permute(0, 2, 3, 1), w["qkv.weight"], w["qkv.bias"]).split(c, dim=-1)

    region = torch.arange(height)[:, None] // (height // windows) * windows
    region = (region + torch.arange(width)[None, :] // (width // windows)).flatten()
    member = (region[None, :] == torch.arange(windows**2)[:, None]).to(x.dtype)
    member = member / member.sum(1, keepdim=True)
    q, k, v = (t.reshape(n, height * width, c) for t in (q, k, v))
    q_region, k_region = (torch.einsum("rp,npc->nrc", member, t) for t in (q, k))
    routing = torch.einsum("nac,nbc->nab", q_region * c**-0.5, k_region)
    rank = (routing[:, :, None, :] > routing[:, :, :, None]).sum(-1)
    seen = (rank < topk)[:, region][:, :, region]

    q, k, values = (t.reshape(n, height * width, heads, d) for t in (q, k, v))
    logits = torch.einsum("nqhd,nkhd->nhqk", q, k) * c**-0.5
    logits = logits.masked_fill(~seen[:, None], -math.inf)
    out = torch.einsum("nhqk,nkhd->nqhd", softmax(logits, -1), values).reshape(n, height, width, c)

    v = v.reshape(n, height, width, c).permute(0, 3, 1, 2)
    local = conv2d(v, w["local.weight"], w["local.bias"], padding=kernel_size // 2, groups=c)
    y = linear(out + local.permute(0, 2, 3, 1), w["project.weight"], w["project.bias"])
    return y.permute(0, 3, 1, 2)

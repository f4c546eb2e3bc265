"""Hamburger (matrix decomposition of a non-negative map), restated from its formulas."""

import torch

from tests.modules.restatements._maths import batch_norm, conv2d, softmax


def first_bases(inner, rank, like):
    prime, factor = 2**31 - 1, 1327217885
    entries = [(n * n % prime) * factor % prime / prime for n in range(1, inner * rank + 1)]
    bases = torch.tensor(entries, dtype=like.dtype).reshape(inner, rank)
    return bases / (bases**2).sum(dim=0, keepdim=True) ** 0.5


def better_coef(flat, bases, coef):
    gram = torch.einsum("ndr,nds->nrs", bases, bases)
    above = torch.einsum("ndp,ndr->npr", flat, bases)
    return coef * above / (torch.einsum("npr,nrs->nps", coef, gram) + 1e-6)


def restate(x, w, *, inner_channels, rank, train_steps, eval_steps):
    n, channels, height, width = x.shape
    inner = channels if inner_channels is None else inner_channels
    flat = conv2d(x, w["enter.weight"], w["enter.bias"]).clamp(min=0).reshape(n, inner, height * width)
    bases = first_bases(inner, rank, x).expand(n, -1, -1)
    coef = softmax(torch.einsum("ndp,ndr->npr", flat, bases), 2)
    for _ in range(eval_steps):
        coef = better_coef(flat, bases, coef)
        gram = torch.einsum("npr,nps->nrs", coef, coef)
        above = torch.einsum("ndp,npr->ndr", flat, coef)
        bases = bases * above / (torch.einsum("ndr,nrs->nds", bases, gram) + 1e-6)
    coef = better_coef(flat, bases, coef)
    rebuilt = torch.einsum("ndr,npr->ndp", bases, coef).reshape(n, inner, height, width)
    return (x + batch_norm(conv2d(rebuilt, w["leave.weight"]), w, "norm")).clamp(min=0)

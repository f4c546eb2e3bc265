"""Attends in two branches: one multiplies convolved values by weights of their own neighbourhood, one attends to all.

    heads of d = C/heads channels; `local` heads in the first branch, c = local*d, the others in the second, g = C - c
    [q, k, v] = depthwise conv m x m (conv1x1(x))               c channels each
    near = tanh(conv1x1(swish(conv1x1(q * k))) / sqrt(d)) * v
    q = conv1x1(x), [k, v] = conv1x1(average pool w x w of x)   g channels each
    far = softmax over the pooled positions of q . k / sqrt(d) times v          per head
    y = conv1x1([near, far])                                    every convolution with bias

By stage, for maps of about 56, 28, 14 and 7 pixels: m is 3, 5, 7, 9, w is 8, 4, 2, 1, and of the heads 3/4, 1/2, 1/2, 1/4
are local.

Rethinking Local Perception in Lightweight Vision Transformer. Qihang Fan et al., arXiv 2023, arXiv:2303.17803.
Official code: qhfan/CloFormer.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.catalogue.formula import stage

ENTRY = {
    "class": "CloAttention",
    "name": "CloAttention (CloFormer)",
    "paper": {
        "title": "Rethinking Local Perception in Lightweight Vision Transformer",
        "author": "Qihang Fan",
        "venue": "arXiv",
        "year": 2023,
        "arxiv": "2303.17803",
    },
    "code": "qhfan/CloFormer",
    "family": "self-attention",
    "place": "after",
    "aliases": ["cloformer", "cloattention", "clo-attention", "attnconv"],
    "where": {
        "groups": "max(C // 16, 1) if heads is None else heads",
        "depth": "C // groups",
        "near": "(groups*(3, 2, 2, 1)[stage(H, W)] // 4 if local_heads is None else local_heads)*depth",
        "far": "C - near",
        "kernel": "(3, 5, 7, 9)[stage(H, W)] if kernel_size is None else kernel_size",
        "side": "(8, 4, 2, 1)[stage(H, W)] if window_size is None else window_size",
        "pooled": "N // side**2",
    },
    "params": (
        "C*C + C + (3*C*near + 3*near*(kernel**2 + 2) + 2*near*near + 2*near if near else 0) + (3*C + 3)*far"
    ),
    "macs": (
        "N*(C*C + 3*C*near + 3*kernel**2*near + 2*near*near + C*far) + (2*C*far*pooled + 2*N*pooled*far if far else 0)"
    ),
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        ["C % groups == 0", "channels must be a multiple of the heads = {groups}"],
        ["0 <= near <= C", "local_heads must be from 0 to the heads = {groups}, not {local_heads}"],
        ["kernel > 0 and kernel % 2 == 1", "kernel_size must be odd and positive, not {kernel}"],
        ["side > 0", "window_size must be positive, not {side}"],
        [
            "H % side == 0 and W % side == 0",
            "height and width must be multiples of the window that is pooled = {side}",
        ],
    ],
    "variants": {"no-local": {"local_heads": 0}},
    "deviations": [
        "Heads are C // 16, at least one, and the local ones a share of them by stage, as in CloFormer-S; XS has more"
        " local heads in its last stage.",
        "The official module takes several local branches with kernels of their own; published models have one.",
        "Maps must be multiples of the pooled window, as in the official code.",
    ],
}


class CloAttention(nn.Module):
    """CloAttention: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map. heads: unless given, C // 16, at least one. local_heads, kernel_size: of the
    branch that looks near; window_size: what the other branch pools; unless given, by stage.
    """

    def __init__(
        self,
        channels: int,
        *,
        height: int,
        width: int,
        heads: int | None = None,
        local_heads: int | None = None,
        kernel_size: int | None = None,
        window_size: int | None = None,
    ) -> None:
        super().__init__()
        level = stage(height, width)
        heads = max(channels // 16, 1) if heads is None else heads
        local_heads = heads * (3, 2, 2, 1)[level] // 4 if local_heads is None else local_heads
        kernel_size = (3, 5, 7, 9)[level] if kernel_size is None else kernel_size
        window_size = (8, 4, 2, 1)[level] if window_size is None else window_size
        depth = channels // heads
        near = local_heads * depth
        self.near = _Near(channels, near, kernel_size, depth**-0.5) if near else None
        self.far = _Far(channels, channels - near, window_size, depth) if near < channels else None
        self.project = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to its neighbourhood and to all."""
        branches = [branch(x) for branch in (self.near, self.far) if branch is not None]
        y: torch.Tensor = self.project(torch.cat(branches, dim=1))
        return y


class _Near(nn.Module):
    """Weights of the own neighbourhood: (N, C, H, W) to (N, inner, H, W)."""

    def __init__(self, channels: int, inner: int, kernel_size: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.qkv = nn.Conv2d(channels, 3 * inner, 1)
        self.mix = nn.Conv2d(3 * inner, 3 * inner, kernel_size, padding=kernel_size // 2, groups=3 * inner)
        self.widen = nn.Conv2d(inner, inner, 1)
        self.narrow = nn.Conv2d(inner, inner, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Weigh the convolved values of x (N, C, H, W)."""
        query, key, value = self.mix(self.qkv(x)).chunk(3, dim=1)
        score = self.narrow(F.silu(self.widen(query * key)))
        y: torch.Tensor = (score * self.scale).tanh() * value
        return y


class _Far(nn.Module):
    """Attention to the pooled map: (N, C, H, W) to (N, inner, H, W)."""

    def __init__(self, channels: int, inner: int, window_size: int, depth: int) -> None:
        super().__init__()
        self.depth, self.window = depth, window_size
        self.query = nn.Conv2d(channels, inner, 1)
        self.key_value = nn.Conv2d(channels, 2 * inner, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to the pooled positions."""
        pooled = F.avg_pool2d(x, self.window) if self.window > 1 else x
        keys, values = self.key_value(pooled).chunk(2, dim=1)
        query, key, value = (
            part.flatten(2).unflatten(1, (-1, self.depth)) for part in (self.query(x), keys, values)
        )
        weights = ((query * self.depth**-0.5).transpose(2, 3) @ key).softmax(dim=3)
        gathered: torch.Tensor = value @ weights.transpose(2, 3)  # (N, heads, d, H*W)
        return gathered.reshape(x.shape[0], -1, *x.shape[2:])

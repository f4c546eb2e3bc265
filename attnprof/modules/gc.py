"""Adds to every position one vector that a bottleneck computes from an attention-weighted average of the map.

    a = softmax over H*W of conv1x1(x)          one map for all positions, with bias
    c = sum over p of a_p x_p                   (C); pooling "avg": c = mean over H, W of x
    T(c) = W2 relu(LayerNorm(W1 c + b1)) + b2   h = C//r, W1: h x C, W2: C x h, W2 and b2 start at 0
    y = x + T(c)                                fusion "mul": x * sigmoid(T(c))
                                                fusion "both": x * sigmoid(T'(c)) + T(c), T' with weights of its own

GCNet: Non-local Networks Meet Squeeze-Excitation Networks and Beyond. Yue Cao et al.,
ICCV Workshops 2019, arXiv:1904.11492.
Official code: xvjiarui/GCNet.
"""

from collections import OrderedDict

import torch
from torch import nn

ENTRY = {
    "class": "GlobalContext",
    "name": "Global context block",
    "paper": {
        "title": "GCNet: Non-local Networks Meet Squeeze-Excitation Networks and Beyond",
        "author": "Yue Cao",
        "venue": "ICCV Workshops",
        "year": 2019,
        "arxiv": "1904.11492",
    },
    "code": "xvjiarui/GCNet",
    "family": "channel",
    "place": "after",
    "aliases": ["global-context", "global-context-block", "gc-block", "gcnet", "gcb"],
    "where": {"hidden": "C // reduction", "transforms": "2 if fusion == 'both' else 1"},
    "params": "transforms*(2*C*hidden + 3*hidden + C) + (C + 1 if pooling == 'att' else 0)",
    "macs": "transforms*2*C*hidden + (2*C*N if pooling == 'att' else 0)",
    "limits": [
        ["pooling in ('att', 'avg')", "pooling must be 'att' or 'avg', not {pooling}"],
        ["fusion in ('add', 'mul', 'both')", "fusion must be 'add', 'mul' or 'both', not {fusion}"],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["C >= reduction", "channels must be at least the reduction = {reduction}"],
    ],
    "variants": {
        "r4": {"reduction": 4},
        "mul": {"fusion": "mul"},
        "both": {"fusion": "both"},
        "avg": {"pooling": "avg"},
    },
    "deviations": [
        "The last layer of a transform starts at 0: fresh, add returns the input and mul and both return half of it.",
        "The official code takes a ratio, 1/16, and h = int(C * ratio): the same width as C // 16.",
        "changzy00's port leaves the softmax over the positions out.",
        "The bias of the map has no effect on the output, as a softmax follows; it is a parameter nonetheless.",
    ],
    "inside": {"resnet": {"place": "2-4"}},
}


def _transform(channels: int, hidden: int) -> nn.Sequential:
    excite = nn.Conv2d(hidden, channels, 1)
    nn.init.zeros_(excite.weight)
    if excite.bias is not None:
        nn.init.zeros_(excite.bias)
    squeeze, norm = nn.Conv2d(channels, hidden, 1), nn.LayerNorm([hidden, 1, 1])
    return nn.Sequential(OrderedDict(squeeze=squeeze, norm=norm, relu=nn.ReLU(), excite=excite))


class GlobalContext(nn.Module):
    """Global context block: (N, C, H, W) to the same shape.

    channels: C. reduction: hidden width is C // reduction. pooling: "att" (attention) or "avg".
    fusion: "add" the vector, "mul" by its sigmoid, or "both", first mul, then add.
    """

    def __init__(
        self, channels: int, *, reduction: int = 16, pooling: str = "att", fusion: str = "add"
    ) -> None:
        super().__init__()
        self.mask = nn.Conv2d(channels, 1, 1) if pooling == "att" else None
        self.mul = _transform(channels, channels // reduction) if fusion != "add" else None
        self.add = _transform(channels, channels // reduction) if fusion != "mul" else None
        if self.mask is not None:
            nn.init.kaiming_normal_(self.mask.weight, mode="fan_in", nonlinearity="relu")
            if self.mask.bias is not None:
                nn.init.zeros_(self.mask.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Fuse x (N, C, H, W) with its global context."""
        if self.mask is None:
            context = x.mean(dim=(2, 3), keepdim=True)
        else:
            weights = self.mask(x).flatten(2).softmax(dim=-1)
            context = (x.flatten(2) @ weights.transpose(1, 2))[..., None]
        y = x
        if self.mul is not None:
            y = y * self.mul(context).sigmoid()
        if self.add is not None:
            y = y + self.add(context)
        return y

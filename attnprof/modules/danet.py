"""Sums two self-attentions, one between positions and one between channels, each with its own residual.

    q, k = conv1x1(x), conv1x1(x)               (C//r, H, W); v = conv1x1(x), C channels; all with bias
    position(x) = gamma_p * (v softmax over keys of (q^T k)) + x         N x N weights, not scaled
    E = X X^T                                   C x C, X: x as C x H*W, no convolution
    channel(x) = gamma_c * (softmax over the last axis of (rowmax(E) - E)) X + x
    y = position(x) + channel(x)                gamma_p, gamma_c: scalars that start at 0

Dual Attention Network for Scene Segmentation. Jun Fu et al., CVPR 2019, arXiv:1809.02983.
Official code: junfu1115/DANet.
"""

import torch
from torch import nn

ENTRY = {
    "class": "DualAttention",
    "name": "Dual attention",
    "paper": {
        "title": "Dual Attention Network for Scene Segmentation",
        "author": "Jun Fu",
        "venue": "CVPR",
        "year": 2019,
        "arxiv": "1809.02983",
    },
    "code": "junfu1115/DANet",
    "family": "self-attention",
    "place": "after",
    "aliases": ["dual-attention", "dualattention", "da-net", "dual-attention-network"],
    "where": {"hidden": "C // reduction"},
    "params": "(2*(C*hidden + hidden) + C*C + C + 1 if mode != 'channel' else 0) + (1 if mode != 'position' else 0)",
    "macs": (
        "(N*(2*C*hidden + C*C) + N*N*(hidden + C) if mode != 'channel' else 0) + (2*C*C*N if mode != 'position' else 0)"
    ),
    "limits": [
        [
            "mode in ('both', 'position', 'channel')",
            "mode must be 'both', 'position' or 'channel', not {mode}",
        ],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["mode == 'channel' or C >= reduction", "channels must be at least the reduction = {reduction}"],
    ],
    "variants": {
        "pam": {"mode": "position"},
        "cam": {"mode": "channel"},
        "changzy00-pam": {"mode": "position", "reduction": 1},
    },
    "deviations": [
        "Unlike channels weigh most, as in the official code; the paper and changzy00's port have softmax(E).",
        "changzy00's position attention has queries and keys of all channels (variant changzy00-pam).",
        "The paper has BatchNorm and ReLU behind the query and key convolutions; the official code, as here, has not.",
        "Both gammas start at 0, so that a fresh sum doubles its input: x + x. A fresh variant pam or cam returns its input.",
        "The segmentation head, with 3x3 convolutions around both blocks at a quarter of the channels, is left out.",
    ],
}


class _Position(nn.Module):
    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, hidden, 1)
        self.key = nn.Conv2d(channels, hidden, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add to x (N, C, H, W) what each position gathers from all positions."""
        query, key, value = (conv(x).flatten(2) for conv in (self.query, self.key, self.value))
        weights = (query.transpose(1, 2) @ key).softmax(dim=-1)
        y: torch.Tensor = self.gamma * (value @ weights.transpose(1, 2)).view_as(x) + x
        return y


class _Channel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add to x (N, C, H, W) what each channel gathers from all channels."""
        rows = x.flatten(2)
        energy = rows @ rows.transpose(1, 2)
        weights = (energy.amax(dim=-1, keepdim=True) - energy).softmax(dim=-1)
        return self.gamma * (weights @ rows).view_as(x) + x


class DualAttention(nn.Module):
    """Position attention plus channel attention: (N, C, H, W) to the same shape.

    channels: C. mode: "both" (their sum), "position" or "channel". reduction: queries and keys of the position
    attention have C // reduction channels.
    """

    def __init__(self, channels: int, *, mode: str = "both", reduction: int = 8) -> None:
        super().__init__()
        self.position = None if mode == "channel" else _Position(channels, channels // reduction)
        self.channel = None if mode == "position" else _Channel()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Attend over the positions and the channels of x (N, C, H, W)."""
        outputs: list[torch.Tensor] = [
            branch(x) for branch in (self.position, self.channel) if branch is not None
        ]
        return outputs[0] if len(outputs) == 1 else outputs[0] + outputs[1]

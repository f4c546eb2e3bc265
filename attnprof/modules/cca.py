"""Adds to each position an attention-weighted sum over its row and its column, repeated with the same weights.

    q, k = conv1x1(x), conv1x1(x)               (C//r, H, W); v = conv1x1(x), C channels; all with bias
    logits = q_p . k_m for the H + W positions m of p's column and row, not scaled;
             -inf for p itself in the column, so that it counts once, in the row
    y = gamma * (sum over m of softmax(logits)_m v_m) + x        one softmax over the H + W logits
    applied `recurrence` times in sequence, weights shared; gamma: a scalar that starts at 0

CCNet: Criss-Cross Attention for Semantic Segmentation. Zilong Huang et al., ICCV 2019, arXiv:1811.11721.
Official code: speedinghzl/CCNet.
"""

import torch
from torch import nn

ENTRY = {
    "class": "CrissCrossAttention",
    "name": "Criss-cross attention",
    "paper": {
        "title": "CCNet: Criss-Cross Attention for Semantic Segmentation",
        "author": "Zilong Huang",
        "venue": "ICCV",
        "year": 2019,
        "arxiv": "1811.11721",
    },
    "code": "speedinghzl/CCNet",
    "family": "self-attention",
    "place": "after",
    "aliases": ["criss-cross", "criss-cross-attention", "crisscross", "rcca", "ccnet"],
    "where": {"hidden": "C // reduction"},
    "params": "2*(C*hidden + hidden) + C*C + C + 1",
    "macs": "recurrence*(N*(2*C*hidden + C*C) + N*(H + W)*(hidden + C))",
    "limits": [
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["recurrence > 0", "recurrence must be positive, not {recurrence}"],
        ["C >= reduction", "channels must be at least the reduction = {reduction}"],
    ],
    "variants": {"single": {"recurrence": 1}},
    "deviations": [
        "One pass sees a row and a column only; the paper's setting, and the default here, is two passes (RCCA).",
        "gamma starts at 0, so a fresh module returns its input: give it a random value before comparing.",
        "The masked key in the column is multiplied, and counted, too: H + W keys per position.",
        "The older branches of the official code use a CUDA kernel, in which an operator counter sees no attention.",
        "The segmentation head of the official repository, with its convolutions around this block, is left out.",
    ],
}


class CrissCrossAttention(nn.Module):
    """Recurrent criss-cross attention: (N, C, H, W) to the same shape.

    channels: C. reduction: queries and keys have C // reduction channels. recurrence: passes with the same weights.
    """

    def __init__(self, channels: int, *, reduction: int = 8, recurrence: int = 2) -> None:
        super().__init__()
        self.recurrence = recurrence
        self.query = nn.Conv2d(channels, channels // reduction, 1)
        self.key = nn.Conv2d(channels, channels // reduction, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add to x (N, C, H, W) what each position gathers, `recurrence` times."""
        for _ in range(self.recurrence):
            x = self._once(x)
        return x

    def _once(self, x: torch.Tensor) -> torch.Tensor:
        height = x.shape[2]
        query, key, value = (
            conv(x).permute(0, 2, 3, 1) for conv in (self.query, self.key, self.value)
        )  # (N, H, W, D)
        # A column is a batch entry of (N, W, H, D), a row one of (N, H, W, D).
        column = (query.transpose(1, 2) @ key.permute(0, 2, 3, 1)).transpose(1, 2)  # (N, H, W, keys H)
        row = query @ key.transpose(2, 3)  # (N, H, W, keys W)
        itself = torch.eye(height, dtype=torch.bool, device=x.device)[:, None, :]
        logits = torch.cat((column.masked_fill(itself, float("-inf")), row), dim=-1)
        weights = logits.softmax(dim=-1)
        from_column = (weights[..., :height].transpose(1, 2) @ value.transpose(1, 2)).transpose(1, 2)
        from_row = weights[..., height:] @ value
        y: torch.Tensor = self.gamma * (from_column + from_row).permute(0, 3, 1, 2) + x
        return y

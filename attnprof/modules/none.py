"""Returns its input: what an empty cell costs, the floor under every latency.

y = x
"""

import torch
from torch import nn

ENTRY = {
    "class": "Identity",
    "name": "identity",
    "paper": None,
    "code": "",
    "family": "floor",
    "place": "after",
    "aliases": ["identity", "empty"],
    "related": ["baseline"],
    "params": "0",
    "macs": "0",
}


class Identity(nn.Module):
    """The identity: (N, C, H, W) to the same tensor. channels: C, unused."""

    def __init__(self, channels: int) -> None:
        super().__init__()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return x (N, C, H, W) itself."""
        return x

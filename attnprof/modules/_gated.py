"""A module that gives a gate, applied to the map that the gate is made of."""

import torch
from torch import nn


class Gated(nn.Module):
    """Multiplies the map by what a module makes of it: (N, C, H, W) to the same shape."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, C, H, W) times its gate, (N, C, 1, 1), (N, 1, H, W) or of its own shape."""
        gate: torch.Tensor = self.module(x)
        return x * gate

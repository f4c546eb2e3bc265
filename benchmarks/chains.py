"""Modules whose cost is known beside each other: copies of one, and chains of the same operator of any
length."""

import torch
from torch import nn

from attnprof.catalogue import create


def twin(channels: int, copy: int = 1) -> nn.Module:
    """Squeeze-and-excitation; ``copy`` is a name and nothing else."""
    return create("se", channels)


class Chain(nn.Module):
    """The same operator ``repeats`` times, one after the other: (N, C, H, W) to the same shape."""

    def __init__(self, channels: int, repeats: int = 20) -> None:
        super().__init__()
        self.repeats = repeats

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Sigmoids: their values settle near 0.66, far from the denormal numbers on which some processors are
        slow."""
        for _ in range(self.repeats):
            x = torch.sigmoid(x)
        return x

"""What transformers of maps share: a block whose attention takes and gives maps, and fresh weights."""

from collections import OrderedDict

import torch
from torch import nn


class TransformerBlock(nn.Module):
    """Attention and MLP, each added to what it takes, normed: (N, H, W, channels) to the same shape.

    attention: of maps (N, channels, H, W) to the same shape. epsilon: of the norms. The MLP has 4 x channels
    inside.
    """

    def __init__(self, channels: int, attention: nn.Module, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(channels, eps=epsilon) for _ in range(2))
        self.attention = attention
        parts = OrderedDict[str, nn.Module]()
        parts["expand"], parts["gelu"] = nn.Linear(channels, 4 * channels), nn.GELU()
        parts["project"] = nn.Linear(4 * channels, channels)
        self.mlp = nn.Sequential(parts)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The block's output for x (N, H, W, channels)."""
        mixed = self.attention(self.norm1(x).permute(0, 3, 1, 2))
        x = x + mixed.permute(0, 2, 3, 1)
        out: torch.Tensor = x + self.mlp(self.norm2(x))
        return out


def draw_linear_weights(network: nn.Module) -> None:
    """Draw all linear layers afresh, as transformers' are: truncated normal weights, no biases at first."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)

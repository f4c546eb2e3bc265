"""Swin Transformer: (N, 3, H, W) to (N, classes).

    x = norm(patches 4x4, projected)
    x = linear(norm(2x2 tokens side by side))               in front of stages 2 to 4: half the size, twice C
    x = x + attention(norm(x));  x = x + mlp(norm(x))       every block; the MLP has 4C channels inside
    scores = classifier(mean over the tokens of norm(x))

The attention is the catalogue's swin: windows of 7x7, in every second block shifted by 3. It takes and gives
maps (N, C, H, W), and so does whatever stands in for it. Tokens pass between the blocks as maps (N, H, W, C).

Swin Transformer: Hierarchical Vision Transformer using Shifted Windows. Ze Liu et al., ICCV 2021,
arXiv:2103.14030, Section 3 and Table 7.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import nn

from attnprof.catalogue import create
from attnprof.networks._transformer import TransformerBlock, draw_linear_weights


class Merging(nn.Module):
    """Tokens of 2x2 places become one: (N, H, W, inputs) to (N, H/2, W/2, outputs)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm, self.reduce = nn.LayerNorm(4 * inputs), nn.Linear(4 * inputs, outputs, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, H, W, inputs) at half the size, column by column of each 2x2."""
        corners = [x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        out: torch.Tensor = self.reduce(self.norm(torch.cat(corners, dim=3)))
        return out


class Swin(nn.Module):
    """Four stages of blocks: (N, 3, height, width) to (N, classes). height and width are multiples of 224.

    channels: of the first stage, a multiple of 32. blocks: of each stage.
    """

    def __init__(
        self,
        channels: int,
        blocks: Sequence[int],
        *,
        height: int = 224,
        width: int = 224,
        classes: int = 1000,
    ) -> None:
        super().__init__()
        self.patches, self.norm_patches = nn.Conv2d(3, channels, 4, 4), nn.LayerNorm(channels)
        stages: list[nn.Module] = []
        scale = 4
        for count in blocks:
            parts = OrderedDict[str, nn.Module]()
            if stages:
                parts["merging"] = Merging(channels, 2 * channels)
                channels, scale = 2 * channels, 2 * scale
            parts["blocks"] = _blocks(count, channels, height // scale, width // scale)
            stages.append(nn.Sequential(parts))
        self.stages = nn.Sequential(*stages)
        self.norm, self.classifier = nn.LayerNorm(channels), nn.Linear(channels, classes)
        draw_linear_weights(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, classes) of images x (N, 3, height, width)."""
        x = self.norm_patches(self.patches(x).permute(0, 2, 3, 1))
        x = self.norm(self.stages(x))
        scores: torch.Tensor = self.classifier(x.mean(dim=(1, 2)))
        return scores


def _blocks(count: int, channels: int, height: int, width: int) -> nn.Sequential:
    """Blocks of one size; the windows of every second one are shifted."""
    attention = (
        create("swin", channels, height=height, width=width, shift=3 * (n % 2)) for n in range(count)
    )
    return nn.Sequential(*(TransformerBlock(channels, each) for each in attention))

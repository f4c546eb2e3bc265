"""Vision Transformer: (N, 3, H, W) to (N, classes).

    x = patches 16x16, projected, + position
    x = x + attention(norm(x));  x = x + mlp(norm(x))       every block; the MLP has 4C channels inside
    scores = classifier(mean over the tokens of norm(x))

There is no class token: what is mixed is a map, and whatever takes and gives maps (N, C, H, W) can stand in
for the attention, which is the catalogue's mhsa. Tokens pass between the blocks as maps (N, H, W, C).

An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale. Alexey Dosovitskiy et al.,
ICLR 2021, arXiv:2010.11929. Size S: arXiv:2012.12877, Table 1. The mean in place of the class token:
Better plain ViT baselines for ImageNet-1k. Lucas Beyer et al., 2022, arXiv:2205.01580.
"""

import torch
from torch import nn

from attnprof.catalogue import create
from attnprof.networks._transformer import TransformerBlock, draw_linear_weights

EPSILON = 1e-6  # of the norms


class ViT(nn.Module):
    """Blocks of one width on patches of 16x16 pixels: (N, 3, height, width) to (N, classes).

    channels: of the tokens. heads: of the attention. depth: blocks.
    """

    def __init__(
        self,
        channels: int,
        heads: int,
        depth: int,
        *,
        height: int = 224,
        width: int = 224,
        classes: int = 1000,
    ) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, channels, 16, 16)
        self.position = nn.Parameter(torch.empty(1, height // 16, width // 16, channels))
        self.blocks = nn.Sequential(
            *(
                TransformerBlock(channels, create("mhsa", channels, heads=heads), EPSILON)
                for _ in range(depth)
            )
        )
        self.norm, self.classifier = nn.LayerNorm(channels, eps=EPSILON), nn.Linear(channels, classes)
        nn.init.trunc_normal_(self.position, std=0.02)
        draw_linear_weights(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, classes) of images x (N, 3, height, width)."""
        x = self.patches(x).permute(0, 2, 3, 1) + self.position
        x = self.norm(self.blocks(x))
        scores: torch.Tensor = self.classifier(x.mean(dim=(1, 2)))
        return scores

"""MobileNetV2: (N, 3, H, W) to (N, classes).

Inverted residuals: expand 1x1, depthwise 3x3, project 1x1 without activation.

MobileNetV2: Inverted Residuals and Linear Bottlenecks. Mark Sandler et al., CVPR 2018, arXiv:1801.04381,
Table 2.
"""

import torch
from torch import nn

from attnprof.networks._mobile import initialise, inverted_residual, unit

# expansion, channels, blocks, stride of the first block
TABLE = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


class MobileNetV2(nn.Module):
    """Seven stages of inverted residuals at width 1.0: (N, 3, H, W) to (N, classes)."""

    def __init__(self, *, classes: int = 1000) -> None:
        super().__init__()
        self.stem = unit(3, 32, 3, 2)
        channels, stages = 32, []
        for expansion, outputs, count, stride in TABLE:
            blocks = []
            for number in range(count):
                step = 1 if number else stride
                blocks.append(inverted_residual(channels, expansion * channels, outputs, stride=step))
                channels = outputs
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.head = unit(channels, 1280, 1)
        self.dropout, self.classifier = nn.Dropout(0.2), nn.Linear(1280, classes)
        initialise(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, classes) of images x (N, 3, H, W)."""
        x = self.head(self.stages(self.stem(x)))
        scores: torch.Tensor = self.classifier(self.dropout(x.mean(dim=(2, 3))))
        return scores

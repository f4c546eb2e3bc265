"""EfficientNet-B0: (N, 3, H, W) to (N, classes).

Inverted residuals with SE behind the depthwise convolution, and SiLU. Blocks are not dropped at random in
training, which the published training does.

EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks. Mingxing Tan and Quoc V. Le, ICML
2019, arXiv:1905.11946, Table 1. SE's inner width, a quarter of the block's inputs, is the official code's
(tensorflow/tpu, models/official/efficientnet).
"""

import torch
from torch import nn

from attnprof.networks._mobile import ConvolutionalSE, initialise, inverted_residual, tensorflow_norm, unit

# expansion, kernel, channels, blocks, stride of the first block
TABLE = (
    (1, 3, 16, 1, 1),
    (6, 3, 24, 2, 2),
    (6, 5, 40, 2, 2),
    (6, 3, 80, 3, 2),
    (6, 5, 112, 3, 1),
    (6, 5, 192, 4, 2),
    (6, 3, 320, 1, 1),
)


class EfficientNetB0(nn.Module):
    """Seven stages of inverted residuals with SE: (N, 3, H, W) to (N, classes)."""

    def __init__(self, *, classes: int = 1000) -> None:
        super().__init__()
        self.stem = unit(3, 32, 3, 2, activation=nn.SiLU, norm=tensorflow_norm)
        channels, stages = 32, []
        for expansion, kernel, outputs, count, stride in TABLE:
            blocks = []
            for number in range(count):
                width = expansion * channels
                block = inverted_residual(
                    channels,
                    width,
                    outputs,
                    kernel=kernel,
                    stride=1 if number else stride,
                    activation=nn.SiLU,
                    norm=tensorflow_norm,
                    se=ConvolutionalSE(width, channels // 4, nn.SiLU, nn.Sigmoid),
                )
                blocks.append(block)
                channels = outputs
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.head = unit(channels, 1280, 1, activation=nn.SiLU, norm=tensorflow_norm)
        self.dropout, self.classifier = nn.Dropout(0.2), nn.Linear(1280, classes)
        initialise(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, classes) of images x (N, 3, H, W)."""
        x = self.head(self.stages(self.stem(x)))
        scores: torch.Tensor = self.classifier(self.dropout(x.mean(dim=(2, 3))))
        return scores

"""VGG-16: (N, 3, H, W) to (N, classes).

Five stages of 3x3 convolutions, each halved by a pooling, and three linear layers.

Very Deep Convolutional Networks for Large-Scale Image Recognition. Karen Simonyan and Andrew Zisserman, ICLR
2015, arXiv:1409.1556, Table 1, column D. With norms behind the convolutions it is the network that attention
papers compare on. An input of another size than 224x224 is pooled to 7x7 before the linear layers.
"""

from collections import OrderedDict

import torch
from torch import nn

from attnprof.networks._mobile import initialise

# channels and convolutions of each stage
TABLE = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


def _stage(inputs: int, outputs: int, count: int, with_norm: bool) -> nn.Sequential:
    """Submodules conv1, norm1 (where with_norm), relu1, conv2 and so on, and pool."""
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    for number in range(1, count + 1):
        parts[f"conv{number}"] = nn.Conv2d(inputs if number == 1 else outputs, outputs, 3, padding=1)
        if with_norm:
            parts[f"norm{number}"] = nn.BatchNorm2d(outputs)
        parts[f"relu{number}"] = nn.ReLU()
    parts["pool"] = nn.MaxPool2d(2)
    return nn.Sequential(parts)


class VGG16(nn.Module):
    """(N, 3, H, W) to (N, classes), H and W at least 32. with_norm: BatchNorm behind every convolution."""

    def __init__(self, *, with_norm: bool = False, classes: int = 1000) -> None:
        super().__init__()
        channels, stages = 3, []
        for outputs, count in TABLE:
            stages.append(_stage(channels, outputs, count, with_norm))
            channels = outputs
        self.stages = nn.Sequential(*stages)
        self.pool = nn.AdaptiveAvgPool2d(7)
        self.hidden = nn.Sequential(
            nn.Linear(7 * 7 * channels, 4096),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(),
        )
        self.classifier = nn.Linear(4096, classes)
        initialise(self)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, classes) of images x (N, 3, H, W)."""
        scores: torch.Tensor = self.classifier(self.hidden(self.pool(self.stages(x)).flatten(1)))
        return scores

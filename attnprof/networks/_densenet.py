"""DenseNet-121: (N, 3, H, W) to (N, classes).

Each dense layer adds 32 channels to all those before it. Submodules bear the names that released weights use
(features.denseblock1.denselayer1.conv2, features.transition1.conv, classifier).

Densely Connected Convolutional Networks. Gao Huang et al., CVPR 2017, arXiv:1608.06993, Table 1.
"""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

LAYERS = (6, 12, 24, 16)  # of each block
GROWTH = 32  # channels that a layer adds


class DenseLayer(nn.Module):
    """1x1 to 128 channels and 3x3 to 32, each behind norm and ReLU: (N, C, H, W) to (N, C + 32, H, W)."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, 4 * GROWTH, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * GROWTH)
        self.conv2 = nn.Conv2d(4 * GROWTH, GROWTH, 3, padding=1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x (N, C, H, W), and behind it what the layer makes of it."""
        y = self.conv1(F.relu(self.norm1(x)))
        return torch.cat([x, self.conv2(F.relu(self.norm2(y)))], dim=1)


def _transition(inputs: int) -> nn.Sequential:
    """To half of the channels, height and width."""
    parts: dict[str, nn.Module] = {
        "norm": nn.BatchNorm2d(inputs),
        "relu": nn.ReLU(),
        "conv": nn.Conv2d(inputs, inputs // 2, 1, bias=False),
        "pool": nn.AvgPool2d(2),
    }
    return nn.Sequential(OrderedDict(parts))


def _block(inputs: int, count: int) -> nn.Sequential:
    layers = {f"denselayer{n + 1}": DenseLayer(inputs + n * GROWTH) for n in range(count)}
    return nn.Sequential(OrderedDict(layers))


class DenseNet121(nn.Module):
    """Four dense blocks, with transitions between them: (N, 3, H, W) to (N, classes)."""

    def __init__(self, *, classes: int = 1000) -> None:
        super().__init__()
        parts: OrderedDict[str, nn.Module] = OrderedDict(
            conv0=nn.Conv2d(3, 64, 7, 2, padding=3, bias=False),
            norm0=nn.BatchNorm2d(64),
            relu0=nn.ReLU(),
            pool0=nn.MaxPool2d(3, 2, padding=1),
        )
        channels = 64
        for number, count in enumerate(LAYERS, 1):
            parts[f"denseblock{number}"] = _block(channels, count)
            channels += count * GROWTH
            if number < len(LAYERS):
                parts[f"transition{number}"] = _transition(channels)
                channels //= 2
        parts["norm5"] = nn.BatchNorm2d(channels)
        self.features = nn.Sequential(parts)
        self.classifier = nn.Linear(channels, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (N, classes) of images x (N, 3, H, W)."""
        scores: torch.Tensor = self.classifier(F.relu(self.features(x)).mean(dim=(2, 3)))
        return scores

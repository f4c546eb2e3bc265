"""The bottleneck over the channels that attentional feature fusion weighs maps by."""

from collections import OrderedDict

from torch import nn


def path(channels: int, hidden: int) -> nn.Sequential:
    """Two 1x1 convolutions with norms: (N, channels, H, W) to the same shape, by way of ``hidden`` channels."""
    layers = OrderedDict[str, nn.Module](
        squeeze=nn.Conv2d(channels, hidden, 1),
        squeeze_norm=nn.BatchNorm2d(hidden),
        relu=nn.ReLU(),
        excite=nn.Conv2d(hidden, channels, 1),
        excite_norm=nn.BatchNorm2d(channels),
    )
    return nn.Sequential(layers)

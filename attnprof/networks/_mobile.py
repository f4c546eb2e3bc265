"""Parts of the mobile networks: a convolution with norm and activation, and initial values."""

from collections import OrderedDict

from torch import nn


def unit(
    inputs: int, outputs: int, kernel: int, stride: int = 1, *, groups: int = 1, relu: bool = True
) -> nn.Sequential:
    """Convolution without bias, BatchNorm, and ReLU6 where ``relu``: submodules conv, norm and relu."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    parts: list[tuple[str, nn.Module]] = [("conv", conv), ("norm", nn.BatchNorm2d(outputs))]
    return nn.Sequential(OrderedDict(parts + [("relu", nn.ReLU6())] * relu))


def initialise(network: nn.Module) -> None:
    """Convolutions by their fan-out, linear layers small."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0, 0.01)
            nn.init.zeros_(module.bias)

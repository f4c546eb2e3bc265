"""Parts of the mobile networks: units of convolution, norm and activation, SE, inverted residuals."""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial

import torch
from torch import nn

from attnprof.networks._joints import Sum

Builder = Callable[[], nn.Module]  # of an activation
NormBuilder = Callable[[int], nn.Module]  # of the norm of so many channels
# As networks have it that were published in TensorFlow.
tensorflow_norm = partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)


def normed(
    conv: nn.Module,
    channels: int,
    activation: Builder | None = nn.ReLU6,
    norm: NormBuilder = nn.BatchNorm2d,
) -> nn.Sequential:
    """A convolution to so many channels, norm and activation: submodules conv, norm and activation."""
    parts: OrderedDict[str, nn.Module] = OrderedDict(conv=conv, norm=norm(channels))
    if activation is not None:
        parts["activation"] = activation()
    return nn.Sequential(parts)


def unit(
    inputs: int,
    outputs: int,
    kernel: int,
    stride: int = 1,
    *,
    groups: int = 1,
    activation: Builder | None = nn.ReLU6,
    norm: NormBuilder = nn.BatchNorm2d,
) -> nn.Sequential:
    """The same of a convolution without bias."""
    conv = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return normed(conv, outputs, activation, norm)


class ConvolutionalSE(nn.Module):
    """Squeeze-and-excitation by 1x1 convolutions with biases: (N, channels, H, W) to the same shape.

    width: channels between the two. gate: the activation of the weights.
    """

    def __init__(self, channels: int, width: int, activation: Builder, gate: Builder) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, width, 1)
        self.excite = nn.Conv2d(width, channels, 1)
        self.activation, self.gate = activation(), gate()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The map x (N, channels, H, W), weighted."""
        weights = self.activation(self.squeeze(x.mean(dim=(2, 3), keepdim=True)))
        gated: torch.Tensor = x * self.gate(self.excite(weights))
        return gated


class InvertedResidual(nn.Module):
    """Expand 1x1, depthwise, SE, project 1x1: (N, inputs, H, W) to (N, outputs, H/stride, W/stride).

    expand, se: None where the block has none. adds: whether the input is added to the output.
    """

    def __init__(
        self,
        expand: nn.Module | None,
        depthwise: nn.Module,
        se: nn.Module | None,
        project: nn.Module,
        *,
        adds: bool,
    ) -> None:
        super().__init__()
        if expand is not None:
            self.expand = expand
        self.depthwise = depthwise
        if se is not None:
            self.se = se
        self.project = project
        if adds:
            self.add = Sum()
        self.expands, self.gates, self.adds = expand is not None, se is not None, adds

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The block's output for x (N, inputs, H, W)."""
        y = self.depthwise(self.expand(x) if self.expands else x)
        out: torch.Tensor = self.project(self.se(y) if self.gates else y)
        return self.add(out, x) if self.adds else out


def inverted_residual(
    inputs: int,
    width: int,
    outputs: int,
    *,
    kernel: int = 3,
    stride: int = 1,
    activation: Builder = nn.ReLU6,
    norm: NormBuilder = nn.BatchNorm2d,
    se: nn.Module | None = None,
) -> InvertedResidual:
    """An inverted residual whose depthwise convolution has ``width`` channels; none expands to its inputs."""
    return InvertedResidual(
        unit(inputs, width, 1, activation=activation, norm=norm) if width != inputs else None,
        unit(width, width, kernel, stride, groups=width, activation=activation, norm=norm),
        se,
        unit(width, outputs, 1, activation=None, norm=norm),
        adds=stride == 1 and inputs == outputs,
    )


def rounded(channels: float) -> int:
    """The multiple of 8 nearest to ``channels``, and not less than 90 % of them."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest if nearest >= 0.9 * channels else nearest + 8


def initialise(network: nn.Module) -> None:
    """Convolutions by their fan-out, linear layers small, biases 0."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0, 0.01)
        if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)

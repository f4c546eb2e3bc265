"""The form of the tables: a small network, and what it costs as derived by hand from docs/counting.md.

Numbers are written as arithmetic over sides and elements, so that a reader can check them: one term per
operator that runs, in the order in which it runs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

F16, F32, F64, C64, I64, BOOL = 2, 4, 8, 8, 8, 1  # bytes of one element


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass over a network.

    macs: multiply-accumulates; the category `mac` of the FLOPs is twice that. bias .. fft: FLOPs by category.
    moved: bytes read and written. peak: the most bytes alive at once.
    """

    macs: int = 0
    bias: int = 0
    pointwise: int = 0
    reduction: int = 0
    norm: int = 0
    softmax: int = 0
    transcendental: int = 0
    fft: int = 0
    moved: int = 0
    peak: int = 0

    @property
    def flops(self) -> dict[str, int]:
        """FLOPs by category."""
        return {
            "mac": 2 * self.macs,
            "bias": self.bias,
            "pointwise": self.pointwise,
            "reduction": self.reduction,
            "norm": self.norm,
            "softmax": self.softmax,
            "transcendental": self.transcendental,
            "fft": self.fft,
        }


@dataclass(frozen=True)
class Truth:
    """A network and its costs.

    shape: of the input; out: of the output. params: all of them; frozen: those without a gradient.
    forward: the forward pass under no_grad. backward: what the backward pass adds to it; its peak is that of
    the whole call, forward while recording included. Input and trainable parameters ask for a gradient; the
    gradient of the output is given from outside and costs nothing.
    """

    name: str
    make: Callable[[], nn.Module]
    shape: tuple[int, ...]
    out: tuple[int, ...]
    forward: Pass
    backward: Pass
    params: int = 0
    frozen: int = 0
    buffers: int = 0
    train: bool = False
    dtype: torch.dtype = torch.float32

    def network(self, device: str) -> nn.Module:
        """The network on a device, in its mode and number format."""
        with torch.device(device):
            module = self.make().train(self.train)
        return module.to(self.dtype) if self.dtype != torch.float32 else module


class Does(nn.Module):
    """A module whose forward is a function of itself and its input."""

    def __init__(self, forward: Callable[[Any, Any], Any], **parts: Any) -> None:
        super().__init__()
        self.does = forward
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: Any) -> Any:
        """What the function says."""
        return self.does(self, x)


def weight(*shape: int) -> nn.Parameter:
    """A bare parameter."""
    return nn.Parameter(torch.zeros(shape))


def positions(*shape: int) -> nn.Buffer:
    """A buffer of whole numbers to look up with."""
    return nn.Buffer(torch.zeros(shape, dtype=torch.long))

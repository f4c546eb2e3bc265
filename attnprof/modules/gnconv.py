"""Gates a map again and again, each time twice as wide, with convolved maps made at once.

    c_i = C // 2^(n-1-i), i = 0 to n-1: n widths, the last C
    [p, u_0, ..., u_(n-1)] = conv1x1(x)         c_0 and c_0, ..., c_(n-1) channels, together 2C
    [w_0, ..., w_(n-1)] = depthwise conv k x k ([u_0, ..., u_(n-1)]) / a            k = 7; a: a fixed number
    t = p * w_0;  then for i = 1 to n-1: t = conv1x1(t) * w_i                   c_(i-1) to c_i channels
    y = conv1x1(t)                              every convolution with bias

HorNet: Efficient High-Order Spatial Interactions with Recursive Gated Convolutions. Yongming Rao et al.,
NeurIPS 2022, arXiv:2207.14284.
Official code: raoyongming/HorNet.
"""

import torch
from torch import nn

ENTRY = {
    "class": "RecursiveGatedConvolution",
    "name": "Recursive gated convolution (gnConv)",
    "paper": {
        "title": "HorNet: Efficient High-Order Spatial Interactions with Recursive Gated Convolutions",
        "author": "Yongming Rao",
        "venue": "NeurIPS",
        "year": 2022,
        "arxiv": "2207.14284",
    },
    "code": "raoyongming/HorNet",
    "family": "spatial",
    "place": "replace",
    "aliases": ["hornet", "recursive-gated-convolution", "gn-conv"],
    "where": {
        "first": "C // 2**(order - 1)",
        "convolved": "2*C - first",
        "widening": "2*(C*C - first*first)//3",
    },
    "params": "3*C*C + 3*C + convolved*(kernel_size**2 + 1) + widening + 2*(C - first)",
    "macs": "N*(3*C*C + convolved*kernel_size**2 + widening)",
    "limits": [
        ["order > 0", "order must be positive, not {order}"],
        [
            "C % 2**(order - 1) == 0",
            "channels must be a multiple of {2**(order - 1)}: of {order} widths each is half of the next",
        ],
        ["divisor != 0", "divisor must not be 0"],
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
    ],
    "variants": {
        "hornet-stage1": {"order": 2, "divisor": 3.0},
        "hornet-stage2": {"order": 3, "divisor": 3.0},
        "hornet-stage3": {"order": 4, "divisor": 3.0},
        "hornet-stage4": {"order": 5, "divisor": 3.0},
    },
    "deviations": [
        "The default is the class's, order 5 and divisor 1; HorNet has orders 2 to 5 by stage and divides by 3.",
        "Widths are rounded down in the official code, which then fails; here such channels are refused.",
        "The global filter, which HorNet-GF has in its last two stages in place of the convolution, is left out.",
    ],
}


class RecursiveGatedConvolution(nn.Module):
    """Recursive gated convolution: (N, C, H, W) to the same shape.

    channels: C. order: n, how often the map is gated. divisor: a. kernel_size: k.
    """

    def __init__(self, channels: int, *, order: int = 5, divisor: float = 1.0, kernel_size: int = 7) -> None:
        super().__init__()
        self.divisor = divisor
        self.widths = [channels // 2 ** (order - 1 - i) for i in range(order)]
        convolved = sum(self.widths)
        self.enter = nn.Conv2d(channels, 2 * channels, 1)
        self.depthwise = nn.Conv2d(
            convolved, convolved, kernel_size, padding=kernel_size // 2, groups=convolved
        )
        self.widen = nn.ModuleList(
            nn.Conv2d(narrow, wide, 1) for narrow, wide in zip(self.widths[:-1], self.widths[1:], strict=True)
        )
        self.leave = nn.Conv2d(channels, channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) again and again."""
        gated, context = self.enter(x).tensor_split((self.widths[0],), dim=1)
        gates = (self.depthwise(context) / self.divisor).split(self.widths, dim=1)
        gated = gated * gates[0]
        for widen, gate in zip(self.widen, gates[1:], strict=True):
            gated = widen(gated) * gate
        y: torch.Tensor = self.leave(gated)
        return y

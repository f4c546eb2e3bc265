"""Modulates each position by a gated sum of ever wider contexts of it.

    [q, c_0, g] = linear(x)                     C, C and L+1 values per position, with bias
    c_l+1 = gelu(conv of f*l + k (c_l))         depth-wise, no bias, l = 0..L-1
    m = sum over l = 0..L-1 of g_l * c_l+1  +  g_L * gelu(mean over H, W of c_L)
    y = linear(q * conv1x1(m))                  C x C each, with bias

    k = kernel_size, f = kernel_step: kernels 3, 5, 7, ... by default

Focal Modulation Networks. Jianwei Yang et al., NeurIPS 2022, arXiv:2203.11926.
Official code: microsoft/FocalNet.
"""

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "FocalModulation",
    "name": "Focal modulation",
    "paper": {
        "title": "Focal Modulation Networks",
        "author": "Jianwei Yang",
        "venue": "NeurIPS",
        "year": 2022,
        "arxiv": "2203.11926",
    },
    "code": "microsoft/FocalNet",
    "family": "spatial",
    "place": "after",
    "aliases": ["focalnet", "focal-modulation", "focal-net", "focalmodulation"],
    "where": {
        # The sum of (kernel_size + kernel_step*l)**2 over the levels.
        "taps": (
            "levels*kernel_size**2 + kernel_size*kernel_step*levels*(levels - 1)"
            " + kernel_step**2*(levels - 1)*levels*(2*levels - 1)//6"
        ),
        "outputs": "2*C + levels + 1",
    },
    "params": "C*outputs + (outputs + C if bias else 0) + taps*C + 2*C*C + C",
    "macs": "N*(C*outputs + taps*C + 2*C*C)",
    "limits": [
        ["levels > 0", "levels must be positive, not {levels}"],
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        [
            "kernel_step >= 0 and kernel_step % 2 == 0",
            "kernel_step must be even, and 0 or more, not {kernel_step}",
        ],
    ],
    "variants": {"lrf": {"levels": 3}},
    "deviations": [
        "The official class has no default for the levels and the first kernel; FocalNet has 2 levels (srf, small"
        " receptive field, the default here) or 3 (variant lrf), and kernels from 3 on.",
        "The gates are linear: no sigmoid and no softmax.",
        "The official options, LayerNorm before the last layer and division by L+1, are off there by default and left"
        " out here.",
    ],
}


class FocalModulation(nn.Module):
    """Focal modulation: (N, C, H, W) to the same shape.

    channels: C. levels: L. kernel_size: side of the first kernel. kernel_step: by how much each next one is larger.
    bias: in the first layer and behind the contexts.
    """

    def __init__(
        self, channels: int, *, levels: int = 2, kernel_size: int = 3, kernel_step: int = 2, bias: bool = True
    ) -> None:
        super().__init__()
        sides = [kernel_size + kernel_step * level for level in range(levels)]
        self.enter = nn.Linear(channels, 2 * channels + levels + 1, bias=bias)
        self.contexts = nn.ModuleList(
            nn.Conv2d(channels, channels, side, padding=side // 2, groups=channels, bias=False)
            for side in sides
        )
        self.mix = nn.Conv2d(channels, channels, 1, bias=bias)
        self.project = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Modulate x (N, C, H, W) by its contexts."""
        c = x.shape[1]
        # Contiguous, as in the official code: the convolutions work on planes, not on channels-last memory.
        parts = self.enter(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2).contiguous()
        query, context, gates = parts.split((c, c, len(self.contexts) + 1), dim=1)
        gathered = None
        for level, conv in enumerate(self.contexts):
            context = F.gelu(conv(context))
            seen = context * gates[:, level : level + 1]
            gathered = seen if gathered is None else gathered + seen
        whole = F.gelu(context.mean(dim=(2, 3), keepdim=True))
        modulated = query * self.mix(gathered + whole * gates[:, -1:])
        y: torch.Tensor = self.project(modulated.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return y

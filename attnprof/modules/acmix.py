"""Shares three 1x1 convolutions between local self-attention and a convolution, and adds both, weighted.

    q, k, v = conv1x1(x), conv1x1(x), conv1x1(x)        with bias, in heads of d = C/heads
    e = conv1x1 of (x position, y position), each from -1 to 1       (d, H, W), with bias, shared by the heads
    attention, over the k x k neighbours m of p, k = 7, borders reflected:
        logits = q_p / sqrt(d) . (k_m + e_p - e_m);  att = softmax over m of logits times v
    convolution, c = 3:
        for each channel within a head: the 3*heads maps of q, k, v mixed to c*c, the same for all
        conv = conv c x c from d groups of c*c maps to heads maps each, group by group; no biases
    y = rate_att att + rate_conv conv           two learned numbers, 0.5 at first

On the Integration of Self-Attention and Convolution. Xuran Pan et al., CVPR 2022, arXiv:2111.14556.
Official code: LeapLabTHU/ACmix.
"""

import torch
import torch.nn.functional as F
from torch import nn

ENTRY = {
    "class": "ACmix",
    "name": "ACmix",
    "paper": {
        "title": "On the Integration of Self-Attention and Convolution",
        "author": "Xuran Pan",
        "venue": "CVPR",
        "year": 2022,
        "arxiv": "2111.14556",
    },
    "code": "LeapLabTHU/ACmix",
    "family": "self-attention",
    "place": "replace",
    "aliases": ["ac-mix", "attention-convolution-mix"],
    "where": {"inner": "C // heads", "maps": "conv_kernel_size**2"},
    "params": "3*C*C + 3*C + 3*inner + 3*heads*maps + maps**2*C + 2",
    "macs": "N*(3*C*C + 2*inner + 3*maps*C + maps**2*C)",
    "limits": [
        ["heads > 0", "heads must be positive, not {heads}"],
        ["C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        [
            "conv_kernel_size > 0 and conv_kernel_size % 2 == 1",
            "conv_kernel_size must be odd and positive, not {conv_kernel_size}",
        ],
        [
            "min(H, W) > kernel_size // 2",
            "height and width must be more than {kernel_size // 2}: the borders are reflected by that many pixels",
        ],
    ],
    "deviations": [
        "The attention is made of element-wise products and sums: about 2*49*C*H*W operations that are no MACs here.",
        "The position map is computed for each image; the official code computes it once for the batch.",
        "The grouped convolution has no bias: the official code declares one and then removes it.",
        "Its channels come within-head first, those of the attention head first, and they are added as they are.",
        "Stride and dilation are left out.",
    ],
}


class ACmix(nn.Module):
    """ACmix: (N, C, H, W) to the same shape.

    channels: C. heads: of the attention. kernel_size: k, side of the neighbourhood that is attended to.
    conv_kernel_size: c, of the convolution.
    """

    def __init__(
        self, channels: int, *, heads: int = 4, kernel_size: int = 7, conv_kernel_size: int = 3
    ) -> None:
        super().__init__()
        inner, maps = channels // heads, conv_kernel_size**2
        self.heads, self.kernel = heads, kernel_size
        self.query = nn.Conv2d(channels, channels, 1)
        self.key = nn.Conv2d(channels, channels, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.position = nn.Conv2d(2, inner, 1)
        self.mix = nn.Conv2d(3 * heads, maps, 1, bias=False)
        self.conv = nn.Conv2d(
            inner * maps, channels, conv_kernel_size, padding=conv_kernel_size // 2, groups=inner, bias=False
        )
        self.rate_att = nn.Parameter(torch.full((1,), 0.5))
        self.rate_conv = nn.Parameter(torch.full((1,), 0.5))
        # Each output starts as the sum of its group's maps, each shifted by one place of the kernel.
        shifts = torch.eye(maps).view(maps, conv_kernel_size, conv_kernel_size)
        with torch.no_grad():
            self.conv.weight.copy_(shifts.expand_as(self.conv.weight))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Attend locally over x (N, C, H, W) and convolve it."""
        parts = self.query(x), self.key(x), self.value(x)
        y: torch.Tensor = self.rate_att * self._attend(*parts) + self.rate_conv * self._convolve(*parts)
        return y

    def _attend(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        n, channels, height, width = query.shape
        inner = channels // self.heads
        rows = torch.linspace(-1, 1, height, dtype=query.dtype, device=query.device)
        columns = torch.linspace(-1, 1, width, dtype=query.dtype, device=query.device)
        grid = torch.stack((columns.expand(height, -1), rows[:, None].expand(-1, width)))
        position = self.position(grid.expand(n, -1, -1, -1))
        # (N, heads or 1, d, k*k or 1, H*W)
        centre = position.view(n, 1, inner, 1, -1)
        q = (query * inner**-0.5).view(n, self.heads, inner, 1, -1)
        k, v, around = (
            self._neighbours(part).view(n, -1, inner, self.kernel**2, height * width)
            for part in (key, value, position)
        )
        weights = (q * (k + centre - around)).sum(dim=2, keepdim=True).softmax(dim=3)
        y: torch.Tensor = (weights * v).sum(dim=3).view(query.shape)
        return y

    def _neighbours(self, x: torch.Tensor) -> torch.Tensor:
        margin = self.kernel // 2
        return F.unfold(F.pad(x, (margin, margin, margin, margin), mode="reflect"), self.kernel)

    def _convolve(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        n, channels, height, width = query.shape
        stacked = torch.cat((query, key, value), dim=1).view(n, 3 * self.heads, channels // self.heads, -1)
        mixed = self.mix(stacked).transpose(1, 2)  # (N, d, c*c, H*W)
        y: torch.Tensor = self.conv(mixed.reshape(n, -1, height, width))
        return y

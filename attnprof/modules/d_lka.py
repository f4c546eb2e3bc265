"""Multiplies the map by a large-kernel transform of itself whose two kernels deform: their taps move with the map.

    D_k,d(x)_p = sum over the k*k taps t of w_t * x(p + d*t + offset_t(p))      depth-wise, no bias
                 x(.) bilinear between four pixels, 0 outside the map
    offset     = conv k x k, dilated by d (x)   a row and a column for each tap, the same for all channels; with bias
    core(x)    = x * conv1x1(D_7,3(D_5,1(x)))   C x C, with bias
    y          = x + P2 core(gelu(P1 x))        P: conv1x1 with bias; projections=False: y = core(x)

Beyond Self-Attention: Deformable Large Kernel Attention for Medical Image Segmentation. Reza Azad et al.,
WACV 2024, arXiv:2309.00121.
Official code: xmindflow/deformableLKA.
"""

import torch
import torch.nn.functional as F
from torch import nn

ENTRY = {
    "class": "DeformableLKA",
    "name": "Deformable Large Kernel Attention",
    "paper": {
        "title": "Beyond Self-Attention: Deformable Large Kernel Attention for Medical Image Segmentation",
        "author": "Reza Azad",
        "venue": "WACV",
        "year": 2024,
        "arxiv": "2309.00121",
    },
    "code": "xmindflow/deformableLKA",
    "family": "spatial",
    "place": "after",
    "aliases": ["deformable-lka", "deformable_lka", "dlka", "deformable-large-kernel-attention"],
    "params": "C*C + 6127*C + 148 + (2*C*C + 2*C if projections else 0)",
    "macs": "N*(C*C + 6126*C + (2*C*C if projections else 0))",
    "limits": [],
    "variants": {"core": {"projections": False}},
    "deviations": [
        "The plain name is deformable_LKA_Attention, as D-LKA Net has it; the product alone is the variant core.",
        "The official code samples in torchvision's deform_conv2d, this in torch's grid_sample: the same values. All taps"
        " are held at once, as there.",
        "The taps' weighting is counted as the depth-wise convolution that it is; the sampling is no multiply-accumulate.",
        "Most MACs are the offsets': two full convolutions, 5x5 to 50 and 7x7 to 98 channels.",
        "The form in three dimensions is left out.",
    ],
}


class _DeformableConv(nn.Module):
    """A depth-wise convolution whose taps move by offsets of its own: (N, C, H, W) to the same shape."""

    def __init__(self, channels: int, kernel_size: int, dilation: int) -> None:
        super().__init__()
        reach = dilation * (kernel_size // 2)
        self.kernel_size, self.dilation, self.reach = kernel_size, dilation, reach
        self.offset = nn.Conv2d(channels, 2 * kernel_size**2, kernel_size, padding=reach, dilation=dilation)
        self.weight = nn.Parameter(torch.empty(channels, 1, kernel_size, kernel_size))
        nn.init.kaiming_uniform_(self.weight, a=5**0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Sum the samples of x (N, C, H, W) around each position."""
        n, channels, height, width = x.shape
        taps = self.kernel_size**2
        rows, columns = self._places(self.offset(x).view(n, taps, 2, height, width))  # (N, taps, H, W) each
        # grid_sample takes (column, row), from -1 to 1 between the map's outer edges.
        grid = torch.stack(((2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1), dim=-1)
        sampled = F.grid_sample(x, grid.flatten(1, 2), align_corners=False)
        lines = sampled.view(n, channels, taps, height * width)
        y: torch.Tensor = F.conv2d(lines, self.weight.view(channels, 1, taps, 1), groups=channels)
        return y.view(x.shape)

    def _places(self, offset: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        # Where each tap samples for each position, in pixels: the position, the tap's place in the kernel, its offset.
        height, width = offset.shape[3:]
        across = torch.arange(self.kernel_size, dtype=offset.dtype, device=offset.device)
        tap = across * self.dilation - self.reach
        row = torch.arange(height, dtype=offset.dtype, device=offset.device)[:, None]
        column = torch.arange(width, dtype=offset.dtype, device=offset.device)
        down = tap.repeat_interleave(self.kernel_size)[:, None, None]
        right = tap.repeat(self.kernel_size)[:, None, None]
        return offset[:, :, 0] + down + row, offset[:, :, 1] + right + column


class DeformableLKA(nn.Module):
    """Deformable Large Kernel Attention: (N, C, H, W) to the same shape.

    channels: C. projections: 1x1 convolutions, GELU and shortcut around the core.
    """

    def __init__(self, channels: int, *, projections: bool = True) -> None:
        super().__init__()
        self.enter = nn.Conv2d(channels, channels, 1) if projections else None
        self.near = _DeformableConv(channels, 5, 1)
        self.far = _DeformableConv(channels, 7, 3)
        self.mix = nn.Conv2d(channels, channels, 1)
        self.leave = nn.Conv2d(channels, channels, 1) if projections else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Multiply x (N, C, H, W) by its transform."""
        inner = x if self.enter is None else F.gelu(self.enter(x))
        gated: torch.Tensor = inner * self.mix(self.far(self.near(inner)))
        return gated if self.leave is None else x + self.leave(gated)

"""Lets each position attend to nine positions around it, each group of heads at a distance of its own.

    [q, k, v] = conv1x1(x)                      C channels each, in one group per dilation, each of heads of d channels
    group of dilation r: logits = q_p . k_m / sqrt(d)       m: r*(a, b) away from p, a, b from -1 to 1
                         softmax over the nine of logits, times v       zeros outside the map, which take part
    y = linear(groups side by side)             with bias

DilateFormer: Multi-Scale Dilated Transformer for Visual Recognition. Jiayu Jiao et al.,
IEEE Transactions on Multimedia 2023, arXiv:2302.01791.
Official code: JIAOJIAYUASD/dilateformer.
"""

import torch
import torch.nn.functional as F
from torch import nn

ENTRY = {
    "class": "MultiScaleDilatedAttention",
    "name": "Multi-scale dilated attention (MSDA)",
    "paper": {
        "title": "DilateFormer: Multi-Scale Dilated Transformer for Visual Recognition",
        "author": "Jiayu Jiao",
        "venue": "IEEE Transactions on Multimedia",
        "year": 2023,
        "arxiv": "2302.01791",
    },
    "code": "JIAOJIAYUASD/dilateformer",
    "family": "self-attention",
    "place": "after",
    "aliases": ["dilateformer", "multi-scale-dilated-attention", "dilate-attention", "swda"],
    "where": {"groups": "len(dilations)"},
    "params": "4*C*C + C + (3*C if qkv_bias else 0)",
    "macs": "N*(4*C*C + 2*kernel_size**2*C)",
    "limits": [
        ["groups > 0 and min(dilations) > 0", "dilations must be positive, not {dilations}"],
        ["heads > 0", "heads must be positive, not {heads}"],
        ["heads % groups == 0", "the heads = {heads} must be a multiple of the {groups} dilations"],
        ["C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
    ],
    "variants": {"dilateformer": {"dilations": (1, 2, 3), "heads": 3, "qkv_bias": True}},
    "deviations": [
        "The official class has dilations 1, 2 and 3 with 8 heads, which it refuses; DilateFormer has 3, 6, 12 and 24"
        " heads of 24 channels (variant dilateformer, for multiples of 3). Plug-in collections, whose channels are"
        " powers of 2, have dilations 2 and 3 with 8 heads, as here.",
        "Zeros outside the map take part in the softmax.",
    ],
}


class MultiScaleDilatedAttention(nn.Module):
    """Multi-scale dilated attention: (N, C, H, W) to the same shape.

    channels: C. dilations: of the groups of heads. heads: of all groups together. kernel_size: side of the square of
    positions. qkv_bias: a bias in the first convolution.
    """

    def __init__(
        self,
        channels: int,
        *,
        dilations: tuple[int, ...] = (2, 3),
        heads: int = 8,
        kernel_size: int = 3,
        qkv_bias: bool = False,
    ) -> None:
        super().__init__()
        self.dilations, self.kernel_size = dilations, kernel_size
        self.depth = channels // heads
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=qkv_bias)
        self.project = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to those around it."""
        groups = [part.chunk(len(self.dilations), dim=1) for part in self.qkv(x).chunk(3, dim=1)]
        gathered = [
            self._attend(query, key, value, dilation)
            for query, key, value, dilation in zip(*groups, self.dilations, strict=True)
        ]
        y: torch.Tensor = self.project(torch.cat(gathered, dim=1).transpose(1, 2))
        return y.transpose(1, 2).reshape(x.shape)

    def _attend(
        self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, dilation: int
    ) -> torch.Tensor:
        # Maps (N, c, H, W) of one group to tokens (N, c, H*W).
        n, channels, height, width = query.shape
        split = query.reshape(n, -1, self.depth, height * width)
        each = split.transpose(2, 3)[..., None, :]
        keys, values = (self._around(part, dilation) for part in (key, value))  # (N, heads, H*W, d, k*k)
        logits = each * self.depth**-0.5 @ keys
        gathered: torch.Tensor = logits.softmax(dim=4) @ values.transpose(3, 4)  # (N, heads, H*W, 1, d)
        return gathered.squeeze(3).transpose(2, 3).reshape(n, channels, -1)

    def _around(self, maps: torch.Tensor, dilation: int) -> torch.Tensor:
        reach = dilation * (self.kernel_size - 1) // 2
        columns = F.unfold(maps, self.kernel_size, dilation, reach)  # (N, c*k*k, H*W)
        split = columns.view(len(maps), -1, self.depth, self.kernel_size**2, columns.shape[2])
        return split.permute(0, 1, 4, 2, 3)

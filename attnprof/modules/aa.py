"""Replaces some output channels of a convolution by multi-head self-attention over all positions.

    one = conv k x k (x)                        (C - dv, H, W), with bias
    q, k, v = conv qkv x qkv (x)                2dk + dv channels, with bias, split in this order; d = dk//heads
    logits = q'_p . k_m + q'_p . r_w[col_m - col_p + W-1] + q'_p . r_h[row_m - row_p + H-1],  q' = q / sqrt(d)
             per head; r_w: (2W-1, d), r_h: (2H-1, d), shared by the heads; relative=False: no r_w, r_h
    two = conv1x1(softmax over m of logits times v)      (dv, H, W), heads side by side on the channels, with bias
    y = [one, two]                              (C, H, W)

Attention Augmented Convolutional Networks. Irwan Bello et al., ICCV 2019, arXiv:1904.09925.
Official code: none but a listing in the paper; ported as in leaderj1001/Attention-Augmented-Conv2d.
"""

import torch
from torch import nn

from attnprof.modules._maps import relative_logits

ENTRY = {
    "class": "AttentionAugmentedConv",
    "name": "Attention augmented convolution",
    "paper": {
        "title": "Attention Augmented Convolutional Networks",
        "author": "Irwan Bello",
        "venue": "ICCV",
        "year": 2019,
        "arxiv": "1904.09925",
    },
    "code": "",
    "family": "self-attention",
    "place": "replace",
    "aliases": ["attention-augmented", "attention-augmented-conv", "aa-conv", "aaconv"],
    "sized": "relative",
    "where": {
        "dk": "key_channels if key_ratio is None else int(key_ratio*C)",
        "dv": "value_channels if value_ratio is None else int(value_ratio*C)",
        "qkv": "2*dk + dv",
    },
    "params": (
        "(kernel_size**2*C + 1)*(C - dv) + (qkv_kernel_size**2*C + 1)*qkv + dv*dv + dv"
        " + ((2*H + 2*W - 2)*(dk//heads) if relative else 0)"
    ),
    "macs": (
        "N*(kernel_size**2*C*(C - dv) + qkv_kernel_size**2*C*qkv + dv*dv) + N*N*(dk + dv)"
        " + (N*(2*H + 2*W - 2)*dk if relative else 0)"
    ),
    "limits": [
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        [
            "qkv_kernel_size > 0 and qkv_kernel_size % 2 == 1",
            "qkv_kernel_size must be odd and positive, not {qkv_kernel_size}",
        ],
        ["heads > 0", "heads must be positive, not {heads}"],
        [
            "dk > 0 and dk % heads == 0",
            "key channels = {dk} must be a positive multiple of the heads = {heads}",
        ],
        [
            "dv > 0 and dv % heads == 0",
            "value channels = {dv} must be a positive multiple of the heads = {heads}",
        ],
        ["dv < C", "channels must be more than the value channels = {dv}: the convolution has the rest"],
    ],
    "variants": {
        "no-relative": {"relative": False},
        "ratio": {"key_ratio": 2.0, "value_ratio": 0.25},
        "in-paper": {"qkv_kernel_size": 1, "relative": False},
        "leaderj1001": {"key_ratio": 2.0, "value_ratio": 0.25, "scrambled": True},
    },
    "deviations": [
        "The paper (variant in-paper) takes queries, keys and values from a 1x1 convolution; the port, as here, a 3x3.",
        "Where heads have several value channels, the port scrambles their maps (variant leaderj1001): same counts.",
        "Position logits are built for one map size; the port takes square maps only, here height and width are free.",
        "dk and dv are 40 and 4, as in the port's example; variant ratio has 2C and C/4.",
    ],
    "inside": {"resnet": {"place": "2-4"}},
}


class AttentionAugmentedConv(nn.Module):
    """Attention augmented convolution: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map, needed when relative. kernel_size: of the convolution.
    qkv_kernel_size: of the one that gives queries, keys and values. key_channels, value_channels: dk and dv over all
    heads. key_ratio, value_ratio: where given, dk = int(key_ratio * C) and dv = int(value_ratio * C) instead.
    relative: position logits. scrambled: join the heads as the popular port does.
    """

    def __init__(
        self,
        channels: int,
        *,
        height: int | None = None,
        width: int | None = None,
        kernel_size: int = 3,
        qkv_kernel_size: int = 3,
        key_channels: int = 40,
        value_channels: int = 4,
        key_ratio: float | None = None,
        value_ratio: float | None = None,
        heads: int = 4,
        relative: bool = True,
        scrambled: bool = False,
    ) -> None:
        super().__init__()
        dk = key_channels if key_ratio is None else int(key_ratio * channels)
        dv = value_channels if value_ratio is None else int(value_ratio * channels)
        self.widths, self.heads, self.scrambled = (dk, dk, dv), heads, scrambled
        self.conv = nn.Conv2d(channels, channels - dv, kernel_size, padding=kernel_size // 2)
        self.qkv = nn.Conv2d(channels, 2 * dk + dv, qkv_kernel_size, padding=qkv_kernel_size // 2)
        self.project = nn.Conv2d(dv, dv, 1)
        self.relative_height: nn.Parameter | None = None
        self.relative_width: nn.Parameter | None = None
        if relative:
            if height is None or width is None:
                raise ValueError("relative position logits are built for one map size: give height and width")
            self.relative_height = nn.Parameter(torch.randn(2 * height - 1, dk // heads))
            self.relative_width = nn.Parameter(torch.randn(2 * width - 1, dk // heads))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Convolve x (N, C, H, W), and attend over it, side by side on the channels."""
        height, width = x.shape[2:]
        # (N, heads, H*W, D): a head's channels are consecutive.
        query, key, value = (
            t.unflatten(1, (self.heads, -1)).flatten(3).transpose(2, 3)
            for t in self.qkv(x).split(self.widths, dim=1)
        )
        query = query * query.shape[-1] ** -0.5
        logits = query @ key.transpose(2, 3)
        if self.relative_height is not None and self.relative_width is not None:
            logits = logits + relative_logits(query, height, width, self.relative_height, self.relative_width)
        attended = logits.softmax(dim=-1) @ value
        if not self.scrambled:
            attended = attended.transpose(2, 3)
        attended = attended.reshape(x.shape[0], -1, height, width)
        return torch.cat((self.conv(x), self.project(attended)), dim=1)

"""Reweights each channel, then each position, by gates computed from average and maximum together.

    a, m = mean, max over H, W of x             (C) each
    g = sigmoid(mlp(a) + mlp(m))                mlp(s) = W2 relu(W1 s + b1) + b2, W1: C//r x C, W2: C x C//r
    z = g * x
    p = [max over C of z, mean over C of z]     (2, H, W)
    y = sigmoid(BN(conv(p))) * z                k x k convolution to one map

    mode "spatial-first": the two steps in the other order; "parallel": both gates from x, y = g * map * x;
    "channel" and "spatial": one step alone.

CBAM: Convolutional Block Attention Module. Sanghyun Woo et al., ECCV 2018, arXiv:1807.06521.
Official code: Jongchan/attention-module.
"""

import torch
from torch import nn

ENTRY = {
    "class": "CBAM",
    "name": "Convolutional Block Attention Module",
    "paper": {
        "title": "CBAM: Convolutional Block Attention Module",
        "author": "Sanghyun Woo",
        "venue": "ECCV",
        "year": 2018,
        "arxiv": "1807.06521",
    },
    "code": "Jongchan/attention-module",
    "family": "channel+spatial",
    "place": "after",
    "aliases": ["convolutional-block-attention-module", "cbam-block"],
    "where": {"hidden": "C // reduction", "channel": "mode != 'spatial'", "spatial": "mode != 'channel'"},
    "params": "(2*C*hidden + (hidden + C if bias else 0) if channel else 0)"
    " + (2*kernel_size**2 + (2 if norm else 0) + (1 if spatial_bias else 0) if spatial else 0)",
    "macs": "(4*C*hidden if channel else 0) + (2*kernel_size**2*N if spatial else 0)",
    "limits": [
        [
            "mode in ('both', 'channel', 'spatial', 'spatial-first', 'parallel')",
            "mode must be 'both', 'channel', 'spatial', 'spatial-first' or 'parallel', not {mode}",
        ],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["not channel or C >= reduction", "channels must be at least the reduction = {reduction}"],
        [
            "not train or not spatial or not norm or batch*N > 1",
            "training needs more than one position in the batch",
        ],
    ],
    "variants": {
        "channel": {"mode": "channel"},
        "spatial": {"mode": "spatial"},
        "spatial-first": {"mode": "spatial-first"},
        "parallel": {"mode": "parallel"},
        "r8": {"reduction": 8},
        "plain": {"bias": False, "norm": False},
        "plain-r8": {"bias": False, "norm": False, "reduction": 8},
        "blog": {"bias": False, "norm": False, "spatial_bias": True},
    },
    "deviations": [
        "The official MLP has biases and the official spatial convolution a BatchNorm; many copies lack both"
        " (plain; with a reduction of 8, as in bubbliiiing's YOLO networks: plain-r8).",
        "The listing that circulates in blogs lacks both and has a bias in the spatial convolution"
        " (variant blog).",
        "As in the official code the convolution sees the maximum first, the mean second; many copies swap the two.",
        "The MLP runs twice, on the average and on the maximum, and its MACs count twice.",
        "With fewer channels than the reduction the official code runs an empty hidden layer; here that is refused.",
        "xmu-xiaoma666's copy adds the input to the output and defaults to a 49x49 convolution: another module.",
        "The CBAM of ultralytics has one C x C layer on the averages alone in place of the MLP: another"
        " module.",
    ],
}


class _ChannelGate(nn.Module):
    def __init__(self, channels: int, hidden: int, bias: bool) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, hidden, bias=bias)
        self.excite = nn.Linear(hidden, channels, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """One value per channel of x (N, C, H, W): (N, C, 1, 1)."""
        average = self.excite(self.squeeze(x.mean(dim=(2, 3))).relu())
        maximum = self.excite(self.squeeze(x.amax(dim=(2, 3))).relu())
        gate: torch.Tensor = (average + maximum).sigmoid()
        return gate[:, :, None, None]


class _SpatialGate(nn.Module):
    def __init__(self, kernel_size: int, norm: bool, bias: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, kernel_size, padding=kernel_size // 2, bias=bias)
        self.norm = nn.BatchNorm2d(1, momentum=0.01) if norm else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """One value per position of x (N, C, H, W): (N, 1, H, W)."""
        pooled = torch.cat((x.amax(dim=1, keepdim=True), x.mean(dim=1, keepdim=True)), dim=1)
        gate: torch.Tensor = self.norm(self.conv(pooled)).sigmoid()
        return gate


class CBAM(nn.Module):
    """Convolutional Block Attention Module: (N, C, H, W) to the same shape.

    channels: C. reduction: hidden width is C // reduction. kernel_size: of the spatial convolution, odd.
    mode: "both", "channel", "spatial", "spatial-first" or "parallel". bias: in the MLP. norm,
    spatial_bias: in the spatial gate.
    """

    def __init__(
        self,
        channels: int,
        *,
        reduction: int = 16,
        kernel_size: int = 7,
        mode: str = "both",
        bias: bool = True,
        norm: bool = True,
        spatial_bias: bool = False,
    ) -> None:
        super().__init__()
        self.mode = mode
        if mode != "spatial":
            self.channel = _ChannelGate(channels, channels // reduction, bias)
        if mode != "channel":
            self.spatial = _SpatialGate(kernel_size, norm, spatial_bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per channel, one per position, or both."""
        if self.mode == "parallel":
            y: torch.Tensor = x * self.channel(x) * self.spatial(x)
            return y
        if self.mode in ("spatial", "spatial-first"):
            x = x * self.spatial(x)
        if self.mode != "spatial":
            x = x * self.channel(x)
        if self.mode == "both":
            x = x * self.spatial(x)
        return x

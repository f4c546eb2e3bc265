"""Aggregates values around each position with weights that a convolution computes from the position and its context.

    k = relu(BN(conv3x3(x)))                    the static context, 4 groups, no bias
    e = relu(BN(conv1x1([x, k])))               2C to C/2, no bias
    w = GroupNorm(conv1x1(e))                   9 taps for each of C/8 kernels, with bias, a group per kernel
    v = BN(conv1x1(x))                          no bias
    y_c,p = sum over the 9 taps t of w_(c mod C/8),t,p * v_c,p+t        zeros around the map
    y = silu(BN(y))
    z = relu(BN(conv1x1(mean over H, W of y + k)))      max(C/2, 32) channels, with bias
    a = softmax over the pairs of conv1x1(z) viewed as (C, 2)           with bias
    output = a_0 * y + a_1 * k

    mode "coxt": conv3x3 in 8 groups; [x, k] interleaved, x_0, k_0, x_1, k_1, ...; e, w and v in 2 groups;
        each half of the channels has its C/16 kernels: c mod C/16 within the half
    mode "external_attention_pytorch": e from [k, x]; w = conv1x1(e), 9C channels with bias;
        output = k + v * softmax over H*W of the mean of each channel's 9 values

Contextual Transformer Networks for Visual Recognition. Yehao Li et al., TPAMI 2022, arXiv:2107.12292.
Official code: JDAI-CV/CoTNet.
"""

from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "CoT",
    "name": "Contextual Transformer",
    "paper": {
        "title": "Contextual Transformer Networks for Visual Recognition",
        "author": "Yehao Li",
        "venue": "TPAMI",
        "year": 2022,
        "arxiv": "2107.12292",
    },
    "code": "JDAI-CV/CoTNet",
    "family": "self-attention",
    "place": "replace",
    "aliases": ["cotnet", "contextual-transformer", "cot-attention", "cotattention", "cot-layer", "cotlayer"],
    "where": {
        "taps": "kernel_size**2",
        "port": "mode == 'external_attention_pytorch'",
        "split": "2 if mode == 'coxt' else 1",
        "hidden": "max(C // 2, 32)",
        "weights": "taps*C if port else taps*(C // 8)",
    },
    "params": (
        "(taps*C*C//4 + 2*C*C + (C//2)*weights)//split + 5*C + weights"
        " + (0 if port else 2*weights + 4*C + 3*C*hidden + 3*hidden)"
    ),
    "macs": "N*((taps*C*C//4 + 2*C*C + (C//2)*weights)//split) + (0 if port else 3*C*hidden)",
    "limits": [
        [
            "mode in ('cot', 'coxt', 'external_attention_pytorch')",
            "mode must be 'cot', 'coxt' or 'external_attention_pytorch', not {mode}",
        ],
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["mode != 'cot' or C % 8 == 0", "channels must be a multiple of 8: 8 channels share a kernel"],
        [
            "mode != 'coxt' or C % 16 == 0",
            "channels must be a multiple of 16: in each half, 8 channels share a kernel",
        ],
        ["not port or C % 4 == 0", "channels must be a multiple of 4: the context is convolved in 4 groups"],
        [
            "port or batch*taps*N > 1",
            "a kernel of 1 on a single position leaves GroupNorm one value per kernel",
        ],
        [
            "not train or port or batch > 1",
            "training needs a batch of at least 2: BatchNorm sees one value per channel and image",
        ],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "variants": {
        "coxt": {"mode": "coxt"},
        "external-attention-pytorch": {"mode": "external_attention_pytorch"},
    },
    "deviations": [
        "The official aggregation is a CUDA kernel; here, the same sums by unfolding. Its 9*C*H*W multiplications are"
        " in no count of MACs, here or there.",
        "Channels c and c + C/8 share a kernel, not neighbouring channels; and no softmax runs over the taps.",
        "xmu-xiaoma666's CoTAttention is another computation: one softmax over the whole map, no neighbourhood.",
    ],
}


class CoT(nn.Module):
    """Contextual Transformer layer: (N, C, H, W) to the same shape.

    channels: C. kernel_size: side of the context and of the neighbourhood. mode: one of the three above.
    """

    def __init__(self, channels: int, *, kernel_size: int = 3, mode: str = "cot") -> None:
        super().__init__()
        self.mode, self.kernel_size, self.split = mode, kernel_size, 2 if mode == "coxt" else 1
        self.kernels, half, hidden = channels // 8, channels // 2, max(channels // 2, 32)
        port = mode == "external_attention_pytorch"
        weights = kernel_size**2 * (channels if port else self.kernels)
        self.key = _normed(channels, channels, kernel_size, 8 if mode == "coxt" else 4)
        self.embed = _normed(2 * channels, half, 1, self.split)
        self.weigh = nn.Conv2d(half, weights, 1, groups=self.split)
        self.value = _normed(channels, channels, 1, self.split)
        if port:
            return
        self.weigh_norm = nn.GroupNorm(self.kernels, weights)
        self.norm = nn.BatchNorm2d(channels)
        self.squeeze = _normed(channels, hidden, 1, 1, bias=True)
        self.select = nn.Conv2d(hidden, 2 * channels, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Blend the static context of x (N, C, H, W) with what is gathered around each position."""
        n, c, h, w = x.shape
        key = self.key(x).relu()
        if self.mode == "external_attention_pytorch":
            weights = self.weigh(self.embed(torch.cat((key, x), dim=1)).relu()).view(n, c, -1, h * w)
            spread: torch.Tensor = weights.mean(dim=2).softmax(dim=2) * self.value(x).flatten(2)
            y: torch.Tensor = key + spread.view(n, c, h, w)
            return y
        pair = (
            torch.stack((x, key), dim=2).flatten(1, 2) if self.mode == "coxt" else torch.cat((x, key), dim=1)
        )
        weights = self.weigh_norm(self.weigh(self.embed(pair).relu()))
        gathered = F.silu(self.norm(self._aggregate(self.value(x), weights)))
        scores = self.select(self.squeeze((gathered + key).mean(dim=(2, 3), keepdim=True)).relu())
        first, second = scores.view(n, c, 2, 1, 1).softmax(dim=2).unbind(dim=2)
        y = first * gathered + second * key
        return y

    def _aggregate(self, value: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        # A kernel serves the channels that are C/8 apart: axes are half, channel of the kernel, kernel, tap, position.
        n, c, h, w = value.shape
        near = F.unfold(value, self.kernel_size, padding=self.kernel_size // 2)
        near = near.view(n, self.split, 8, self.kernels // self.split, self.kernel_size**2, h * w)
        weights = weights.view(n, self.split, 1, self.kernels // self.split, self.kernel_size**2, h * w)
        return (near * weights).sum(dim=4).view(n, c, h, w)


def _normed(inputs: int, outputs: int, kernel: int, groups: int, bias: bool = False) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, groups=groups, bias=bias)
    return nn.Sequential(OrderedDict(conv=conv, norm=nn.BatchNorm2d(outputs)))

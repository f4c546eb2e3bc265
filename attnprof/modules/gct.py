"""Reweights each channel by how large its norm is among those of all channels, with three numbers per channel.

    mode "l2":  s_c = alpha_c sqrt(sum over H, W of x_c^2 + eps)
                n_c = gamma_c s_c / sqrt(mean over channels of s^2 + eps)
    mode "l1":  s_c = alpha_c sum over H, W of |x_c|            after_relu: x_c itself
                n_c = gamma_c s_c / (mean over channels of |s| + eps)
    y = x * (1 + tanh(n + beta))                alpha, gamma, beta: C each, start at 1, 0, 0

Gated Channel Transformation for Visual Recognition. Zongxin Yang et al., CVPR 2020, arXiv:1909.11519.
Official code: z-x-yang/GCT.
"""

import torch
from torch import nn

ENTRY = {
    "class": "GCT",
    "name": "Gated Channel Transformation",
    "paper": {
        "title": "Gated Channel Transformation for Visual Recognition",
        "author": "Zongxin Yang",
        "venue": "CVPR",
        "year": 2020,
        "arxiv": "1909.11519",
    },
    "code": "z-x-yang/GCT",
    "family": "channel",
    "place": "after",
    "aliases": ["gated-channel-transformation", "gated-channel-transform"],
    "params": "3*C",
    "macs": "0",
    "limits": [
        ["mode in ('l2', 'l1')", "mode must be 'l2' or 'l1', not {mode}"],
        ["eps > 0", "eps must be positive, not {eps}"],
    ],
    "variants": {"l1": {"mode": "l1"}, "l1-after-relu": {"mode": "l1", "after_relu": True}},
    "deviations": [
        "A fresh module returns its input, as gamma and beta start at 0: give it random weights before comparing.",
        "The embedding is a sum over the map, so alpha and eps weigh differently at another map size.",
        "The authors put it before a convolution and keep beta out of weight decay; what it costs is the same after one.",
        "The Gaussian Context Transformer (CVPR 2021) is abbreviated GCT too and is another module.",
    ],
    "inside": {"resnet": {"place": "before_conv"}},
}


class GCT(nn.Module):
    """Gated Channel Transformation: (N, C, H, W) to the same shape.

    channels: C. mode: the norm, "l2" or "l1". after_relu: the input is not negative, so "l1" leaves out the absolute
    value. eps: added before the root, or to the divisor.
    """

    def __init__(
        self, channels: int, *, mode: str = "l2", after_relu: bool = False, eps: float = 1e-5
    ) -> None:
        super().__init__()
        self.mode = mode
        self.after_relu = after_relu
        self.eps = eps
        self.alpha = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.gamma = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per channel."""
        if self.mode == "l2":
            embedded = self.alpha * (x.square().sum(dim=(2, 3), keepdim=True) + self.eps).sqrt()
            scale = (embedded.square().mean(dim=1, keepdim=True) + self.eps).sqrt()
        else:
            size = x if self.after_relu else x.abs()
            embedded = self.alpha * size.sum(dim=(2, 3), keepdim=True)
            scale = embedded.abs().mean(dim=1, keepdim=True) + self.eps
        return x * (1 + torch.tanh(self.gamma * embedded / scale + self.beta))

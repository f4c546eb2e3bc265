"""Replaces a 3x3 convolution by four of rising kernel size, each gated by channel, where the four gates compete.

    f_i = conv(x), i = 1 .. 4                   C to C/4 channels, kernel 3, 5, 7, 9, groups 1, 4, 8, 16, no bias
    a_i = sigmoid(W2 relu(W1 s_i + b1) + b2)    s_i = mean over H, W of f_i; W1: h x C/4, W2: C/4 x h,
                                                h = C//4//r; the same for all four
    g_i = exp(a_i) / sum over j of exp(a_j)     for each of the C/4 channels
    y = [g_4 f_4, g_3 f_3, g_2 f_2, g_1 f_1]

    groups: of all four convolutions, in place of 1, 4, 8, 16.

EPSANet: An Efficient Pyramid Squeeze Attention Block on Convolutional Neural Network. Hu Zhang et al., ACCV 2022,
arXiv:2105.14447.
Official code: murufeng/EPSANet.
"""

import torch
from torch import nn

ENTRY = {
    "class": "PyramidSqueezeAttention",
    "name": "Pyramid Squeeze Attention",
    "paper": {
        "title": "EPSANet: An Efficient Pyramid Squeeze Attention Block on Convolutional Neural Network",
        "author": "Hu Zhang",
        "venue": "ACCV",
        "year": 2022,
        "arxiv": "2105.14447",
    },
    "code": "murufeng/EPSANet",
    "family": "branch",
    "place": "replace",
    "aliases": ["pyramid-squeeze-attention", "epsanet", "epsa", "psa-module"],
    "where": {
        "branch": "C // 4",
        "hidden": "branch // reduction",
        "most": "16 if groups is None else groups",
        "kernels": "branch*C*(9 + 25/4 + 49/8 + 81/16 if groups is None else 164/groups)",
    },
    "params": "kernels + 2*branch*hidden + hidden + branch",
    "macs": "kernels*N + 8*branch*hidden",
    "limits": [
        ["groups is None or groups > 0", "groups must be positive, not {groups}"],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        [
            "C % (4*most) == 0",
            "a quarter of the channels is cut into {most} groups: channels must be a multiple of {4*most}",
        ],
        ["branch >= reduction", "a quarter of the channels must be at least the reduction = {reduction}"],
    ],
    "deviations": [
        "The official code puts each branch in front of those before it: the kernel of 9 comes first in the output.",
        "The gates are between 0 and 1 before the softmax, so no branch outweighs another by more than e = 2.718.",
        "The PSA of xmu-xiaoma666's External-Attention-pytorch is another module, whose convolutions no optimizer sees.",
        "Polarized self-attention is abbreviated PSA too: it is called polarized here.",
    ],
}


class PyramidSqueezeAttention(nn.Module):
    """Pyramid Squeeze Attention: (N, C, H, W) to the same shape.

    channels: C. groups: of every convolution; None: 1, 4, 8 and 16. reduction: hidden width is C // 4 // reduction.
    """

    def __init__(self, channels: int, *, groups: int | None = None, reduction: int = 16) -> None:
        super().__init__()
        branch = channels // 4
        layout = zip((3, 5, 7, 9), (1, 4, 8, 16) if groups is None else (groups,) * 4, strict=True)
        self.pyramid = nn.ModuleList(
            nn.Conv2d(channels, branch, kernel, padding=kernel // 2, groups=count, bias=False)
            for kernel, count in layout
        )
        self.squeeze = nn.Conv2d(branch, branch // reduction, 1)
        self.excite = nn.Conv2d(branch // reduction, branch, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Convolve x (N, C, H, W) at four scales and weigh them against each other, channel by channel."""
        features = [conv(x) for conv in self.pyramid]
        gates = torch.stack([self._gate(feature) for feature in features]).softmax(dim=0)
        return torch.cat([gate * feature for gate, feature in zip(gates, features, strict=True)][::-1], dim=1)

    def _gate(self, feature: torch.Tensor) -> torch.Tensor:
        # (N, C/4, H, W) to (N, C/4, 1, 1).
        gate: torch.Tensor = self.excite(
            self.squeeze(feature.mean(dim=(2, 3), keepdim=True)).relu()
        ).sigmoid()
        return gate

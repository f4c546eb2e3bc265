"""Multiplies values by one context vector: the keys' sum, weighted by a single score per position.

    x as patches: P pixels inside a patch of p x p, M = H*W/P patches          (C, P, M)
    [q, k, v] = conv1x1(x)                      1 + C + C channels in this order, with bias
    s = softmax of q over the M patches         (1, P, M): P softmaxes, one for each place inside a patch
    context = sum over M of s * k               (C, P, 1)
    y = conv1x1(relu(v) * context)              (C, H, W), with bias

Separable Self-attention for Mobile Vision Transformers. Sachin Mehta et al., TMLR 2023, arXiv:2206.02680.
Official code: apple/ml-cvnets.
"""

import torch
from torch import nn

ENTRY = {
    "class": "SeparableSelfAttention",
    "name": "Separable self-attention",
    "paper": {
        "title": "Separable Self-attention for Mobile Vision Transformers",
        "author": "Sachin Mehta",
        "venue": "TMLR",
        "year": 2023,
        "arxiv": "2206.02680",
    },
    "code": "apple/ml-cvnets",
    "family": "self-attention",
    "place": "after",
    "aliases": ["mobilevit-v2", "mobilevit2", "separable-self-attention", "linear-self-attention"],
    "params": "3*C*C + C + (3*C + 1 if bias else 0)",
    "macs": "N*(3*C*C + C)",
    "limits": [
        ["patch_size > 0", "patch_size must be positive, not {patch_size}"],
        [
            "H % patch_size == 0 and W % patch_size == 0",
            "height and width must be multiples of the patch size = {patch_size}",
        ],
    ],
    "variants": {"patch1": {"patch_size": 1}},
    "deviations": [
        "With 2x2 patches, as in the published models, four softmaxes each see a quarter of the positions; variant"
        " patch1 has one over all of them, at the same counts.",
        "The products with the scores and with the context are element-wise: 2*C*H*W multiplications that are no MACs.",
        "The official block resizes a map whose sides are no multiples of the patch and does not resize it back; here"
        " such a map is refused.",
        "The block's normalisation before it, its feed-forward part and its residual are left out.",
    ],
}


class SeparableSelfAttention(nn.Module):
    """Separable self-attention: (N, C, H, W) to the same shape.

    channels: C. patch_size: p, side of a patch. bias: in both convolutions.
    """

    def __init__(self, channels: int, *, patch_size: int = 2, bias: bool = True) -> None:
        super().__init__()
        self.patch_size = patch_size
        self.widths = (1, channels, channels)
        self.qkv = nn.Conv2d(channels, 1 + 2 * channels, 1, bias=bias)
        self.project = nn.Conv2d(channels, channels, 1, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Mix the patches of x (N, C, H, W), each place inside a patch on its own."""
        n, c, h, w = x.shape
        p = self.patch_size
        tiles = x.view(n, c, h // p, p, w // p, p)
        patches = tiles.permute(0, 1, 3, 5, 2, 4).reshape(n, c, p * p, -1)
        query, key, value = self.qkv(patches).split(self.widths, dim=1)
        context = (query.softmax(dim=3) * key).sum(dim=3, keepdim=True)
        mixed = self.project(value.relu() * context).view(n, c, p, p, h // p, w // p)
        y: torch.Tensor = mixed.permute(0, 1, 4, 2, 5, 3).reshape(n, c, h, w)
        return y

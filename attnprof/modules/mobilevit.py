"""Mixes a map by convolutions nearby and by transformer layers far away, then joins both with what came in.

    u = conv1x1(silu(BN(conv3x3(x))))           d = int(C*expansion) channels, no bias here and in the last two
    u as patches: P = p*p pixels inside a patch, M = H*W/P patches; the layers see M tokens, P times
    depth times: u = u + attention(LayerNorm(u)),  u = u + linear(silu(linear(LayerNorm(u))))       2d channels between
        attention: [q, k, v] = linear, d channels each, in heads of d/heads channels
                   linear(softmax over m of q_p . k_m / sqrt(d/heads) times v, heads side by side)
    v = silu(BN(conv1x1(LayerNorm(u))))         C channels
    y = silu(BN(conv3x3([x, v])))               (C, H, W)

MobileViT: Light-weight, General-purpose, and Mobile-friendly Vision Transformer. Sachin Mehta et al.,
ICLR 2022, arXiv:2110.02178.
Official code: apple/ml-cvnets; ported as in timm.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import join_heads, split_heads

ENTRY = {
    "class": "MobileViTBlock",
    "name": "MobileViT block",
    "paper": {
        "title": "MobileViT: Light-weight, General-purpose, and Mobile-friendly Vision Transformer",
        "author": "Sachin Mehta",
        "venue": "ICLR",
        "year": 2022,
        "arxiv": "2110.02178",
    },
    "code": "apple/ml-cvnets",
    "family": "self-attention",
    "place": "after",
    "aliases": ["mobilevit-v1", "mobilevit1", "mobilevit-block", "mobile-vit"],
    "where": {"d": "int(C*expansion)", "tokens": "N // patch_size**2", "hidden": "int(d*mlp_ratio)"},
    "params": ("27*C*C + 2*C*d + 6*C + 2*d + depth*(4*d*d + 2*d*hidden + 9*d + hidden)"),
    "macs": "N*(27*C*C + 2*C*d + depth*(4*d*d + 2*d*hidden + 2*tokens*d))",
    "limits": [
        ["depth > 0", "depth must be positive, not {depth}"],
        ["heads > 0", "heads must be positive, not {heads}"],
        [
            "d > 0 and d % heads == 0",
            "expansion = {expansion} must leave a multiple of the heads = {heads}, not {d} channels",
        ],
        ["hidden > 0", "mlp_ratio = {mlp_ratio} leaves the feed-forward part no channel"],
        ["patch_size > 0", "patch_size must be positive, not {patch_size}"],
        [
            "H % patch_size == 0 and W % patch_size == 0",
            "height and width must be multiples of the patch size = {patch_size}",
        ],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "variants": {"depth4": {"depth": 4}, "depth3": {"depth": 3}},
    "deviations": [
        "Defaults are MobileViT-S's and XS's first block: layers 1.5 times as wide as the map, depth 2; the two later ones have"
        " depth 4 and 3.",
        "The official block resizes a map whose sides are no multiples of the patch, and back; here such a map is refused.",
        "Dropout, 0.1 in the official layers, is left out: timm's has none.",
    ],
}


class MobileViTBlock(nn.Module):
    """Convolutions and transformer layers of MobileViT: (N, C, H, W) to the same shape.

    channels: C. expansion: d over C. depth: of the transformer. heads: of d/heads channels. mlp_ratio: width of the
    feed-forward part over d. patch_size: p.
    """

    def __init__(
        self,
        channels: int,
        *,
        expansion: float = 1.5,
        depth: int = 2,
        heads: int = 4,
        mlp_ratio: float = 2.0,
        patch_size: int = 2,
    ) -> None:
        super().__init__()
        width = int(channels * expansion)
        self.patch_size = patch_size
        self.local = _conv(channels, channels, 3)
        self.widen = nn.Conv2d(channels, width, 1, bias=False)
        self.layers = nn.Sequential(*(_Layer(width, heads, int(width * mlp_ratio)) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.narrow = _conv(width, channels, 1)
        self.join = _conv(2 * channels, channels, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Mix x (N, C, H, W) nearby and far away."""
        u = self.widen(self.local(x))
        n, d, h, w = u.shape
        p = self.patch_size
        tiles = u.reshape(n, d, h // p, p, w // p, p)
        tokens = tiles.permute(0, 3, 5, 2, 4, 1).reshape(n * p * p, -1, d)
        mixed = self.norm(self.layers(tokens)).reshape(n, p, p, h // p, w // p, d)
        far = self.narrow(mixed.permute(0, 5, 3, 1, 4, 2).reshape(n, d, h, w))
        y: torch.Tensor = self.join(torch.cat((x, far), dim=1))
        return y


class _Layer(nn.Module):
    # A transformer layer on tokens (N, L, D).
    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.widen = nn.Linear(width, hidden)
        self.narrow = nn.Linear(hidden, width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        parts = self.qkv(self.norm1(tokens)).chunk(3, dim=2)
        query, key, value = (split_heads(part, self.heads) for part in parts)
        attended = F.scaled_dot_product_attention(query, key, value)
        tokens = tokens + self.project(join_heads(attended))
        y: torch.Tensor = tokens + self.narrow(F.silu(self.widen(self.norm2(tokens))))
        return y


def _conv(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(OrderedDict(conv=conv, norm=nn.BatchNorm2d(outputs), act=nn.SiLU()))

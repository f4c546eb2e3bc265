"""Lets every position attend to all positions: softmax attention as in a Vision Transformer, pixels for tokens.

    [q, k, v] = linear(x)                       C channels each, in heads of d = C/heads
    per head, with q, k, v as H*W x d:
        A = softmax over the keys of q k^T / sqrt(d)            H*W x H*W
        out = A v
    y = linear(heads side by side)              with bias

An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale. Alexey Dosovitskiy et al.,
ICLR 2021, arXiv:2010.11929.
Official code: google-research/vision_transformer (JAX); ported as in timm.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import join_heads, split_heads, to_map, to_tokens

ENTRY = {
    "class": "MHSA",
    "name": "Multi-head self-attention",
    "paper": {
        "title": "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale",
        "author": "Alexey Dosovitskiy",
        "venue": "ICLR",
        "year": 2021,
        "arxiv": "2010.11929",
    },
    "code": "google-research/vision_transformer",
    "family": "self-attention",
    "place": "after",
    "aliases": ["vit", "self-attention", "multi-head-self-attention", "vision-transformer", "msa"],
    "where": {"groups": "C // 64 if heads is None else heads"},
    "params": "4*C*C + C + (3*C if qkv_bias else 0)",
    "macs": "4*C*C*N + 2*C*N*N",
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        [
            "heads is not None or C % 64 == 0",
            "without heads, channels must be a multiple of 64: heads are 64 wide",
        ],
        ["heads is None or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
    ],
    "variants": {"timm": {"heads": 8, "qkv_bias": False}},
    "deviations": [
        "Heads are 64 wide with biases, as in ViT; timm's bare class has 8 heads and no qkv biases (variant timm).",
        "The attention is one fused operator here; a counter that does not know it sees the linear layers only.",
        "Tokens are the pixels of the map: no patches, class token or position embedding, and no residual.",
    ],
}


class MHSA(nn.Module):
    """Multi-head self-attention: (N, C, H, W) to the same shape.

    channels: C. heads: unless given, C // 64. qkv_bias: biases in the first layer.
    """

    def __init__(self, channels: int, *, heads: int | None = None, qkv_bias: bool = True) -> None:
        super().__init__()
        self.heads = channels // 64 if heads is None else heads
        self.qkv = nn.Linear(channels, 3 * channels, bias=qkv_bias)
        self.project = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to all positions."""
        parts = self.qkv(to_tokens(x)).chunk(3, dim=2)
        query, key, value = (split_heads(part, self.heads) for part in parts)  # (N, heads, H*W, d)
        attended = F.scaled_dot_product_attention(query, key, value)
        return to_map(self.project(join_heads(attended)), *x.shape[2:])

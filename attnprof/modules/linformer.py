"""Attends to a few sums over all positions, whose weights are learned, in place of the positions.

    q, k, v = linear(x)                         C channels each, without bias
    k, v = E^T k, F^T v                         E, F: H*W x s, learned; so s keys and values, in heads of d = C/heads
    y = linear(softmax over the s of q . k / sqrt(d) times v, heads side by side)           with bias

Linformer: Self-Attention with Linear Complexity. Sinong Wang et al., arXiv 2020, arXiv:2006.04768.
Official code: facebookresearch/fairseq; ported as in lucidrains/linformer.
"""

import torch
from torch import nn

from attnprof.modules._maps import join_heads, split_heads, to_map, to_tokens

ENTRY = {
    "class": "LinformerAttention",
    "name": "Linformer attention",
    "paper": {
        "title": "Linformer: Self-Attention with Linear Complexity",
        "author": "Sinong Wang",
        "venue": "arXiv",
        "year": 2020,
        "arxiv": "2006.04768",
    },
    "code": "facebookresearch/fairseq",
    "family": "self-attention",
    "place": "after",
    "aliases": ["linformer-attention", "linformer-self-attention"],
    "params": "4*C*C + C + 2*N*length - (C*C + N*length if share else 0)",
    "macs": "N*(4*C*C + 4*length*C) - (N*C*C if share else 0)",
    "limits": [
        ["heads > 0", "heads must be positive, not {heads}"],
        ["C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        ["length > 0", "length must be positive, not {length}"],
    ],
    "variants": {"shared": {"share": True}},
    "deviations": [
        "Follows the popular port: sums come behind the layers of keys and values, which have no biases.",
        "The length is the port's 256, however many positions there are; on maps of fewer positions it saves nothing.",
        "With shared keys and values (variant shared) one sum serves both, and is computed twice, as in the port.",
        "One key and value for all heads, an option of the port, is left out.",
    ],
}


class LinformerAttention(nn.Module):
    """Linformer attention: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map. heads: of C/heads channels. length: s. share: values are the keys.
    """

    def __init__(
        self,
        channels: int,
        *,
        height: int,
        width: int,
        heads: int = 8,
        length: int = 256,
        share: bool = False,
    ) -> None:
        super().__init__()
        self.heads, self.size = heads, (height, width)
        self.query = nn.Linear(channels, channels, bias=False)
        self.key = nn.Linear(channels, channels, bias=False)
        self.key_sum = nn.Parameter(torch.empty(height * width, length))
        self.value = None if share else nn.Linear(channels, channels, bias=False)
        self.value_sum = None if share else nn.Parameter(torch.empty(height * width, length))
        for table in (self.key_sum, self.value_sum):
            if table is not None:
                nn.init.uniform_(table, -(length**-0.5), length**-0.5)
        self.project = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to the sums."""
        height, width = x.shape[2:]
        if (height, width) != self.size:
            raise ValueError(f"built for maps of {self.size}, this one has {(height, width)}")
        tokens = to_tokens(x)
        keys = self.key(tokens)
        values = keys if self.value is None else self.value(tokens)
        value_sum = self.key_sum if self.value_sum is None else self.value_sum
        query, key, value = (
            split_heads(part, self.heads)
            for part in (self.query(tokens), self.key_sum.T @ keys, value_sum.T @ values)
        )
        weights = (query @ key.transpose(2, 3) * query.shape[3] ** -0.5).softmax(dim=3)
        return to_map(self.project(join_heads(weights @ value)), height, width)

"""Attends at linear cost with random features whose products are the softmax's exponentials on average.

    q, k, v = linear(x)                         heads of d channels, without bias
    s = d^(-1/4);  R: m x d, random orthogonal rows with the lengths of normal vectors, fixed;  m = int(d ln d)
    f(q) = (exp(R s q - s^2 |q|^2 / 2 - M) + e) / sqrt(m)       M: largest of R s q over the features; e = 1e-4
    f(k) likewise, M also over the positions
    out_i = f(q_i) (sum over j of f(k_j) v_j^T) / (f(q_i) . sum of f(k))        per head
    y = linear(heads side by side)              with bias

Rethinking Attention with Performers. Krzysztof Choromanski et al., ICLR 2021, arXiv:2009.14794.
Official code: google-research/google-research (JAX); ported as in lucidrains/performer-pytorch.
"""

from math import log

import torch
from torch import nn

from attnprof.modules._maps import join_heads, split_heads, to_map, to_tokens

ENTRY = {
    "class": "PerformerAttention",
    "name": "Performer attention (FAVOR+)",
    "paper": {
        "title": "Rethinking Attention with Performers",
        "author": "Krzysztof Choromanski",
        "venue": "ICLR",
        "year": 2021,
        "arxiv": "2009.14794",
    },
    "code": "google-research/google-research",
    "family": "self-attention",
    "place": "after",
    "aliases": ["favor", "favor+", "favor-plus", "performers", "fast-attention"],
    "where": {
        "depth": "C // heads if head_channels is None else head_channels",
        "inner": "heads*depth",
        "count": "int(depth*log(depth)) if features is None else features",
    },
    "params": "4*C*inner + C + (3*inner if qkv_bias else 0)",
    "macs": "N*(4*C*inner + 4*inner*count + heads*count)",
    "limits": [
        ["heads > 0", "heads must be positive, not {heads}"],
        [
            "head_channels is not None or C % heads == 0",
            "channels must be a multiple of the heads = {heads}",
        ],
        ["depth > 0 and count > 0", "a head of {depth} channels leaves {count} features: give more"],
    ],
    "variants": {"narrow": {"head_channels": None}},
    "deviations": [
        "Follows the popular port, whose heads are 64 wide whatever C is; the variant narrow has heads of C // heads.",
        "The features are drawn once and kept; the port draws them anew every 1000 calls of a whole network.",
        "The port's e and maxima are part of the numbers: they keep the exponentials in range.",
        "Local heads, causal attention and the ReLU kernel of the port are left out.",
    ],
}


class PerformerAttention(nn.Module):
    """Performer attention: (N, C, H, W) to the same shape.

    channels: C. heads: of head_channels channels, or of C // heads. features: m, unless given int(d ln d).
    qkv_bias: biases in the first layers.
    """

    random: torch.Tensor

    def __init__(
        self,
        channels: int,
        *,
        heads: int = 8,
        head_channels: int | None = 64,
        features: int | None = None,
        qkv_bias: bool = False,
    ) -> None:
        super().__init__()
        depth = channels // heads if head_channels is None else head_channels
        features = int(depth * log(depth)) if features is None else features
        self.heads = heads
        self.query = nn.Linear(channels, heads * depth, bias=qkv_bias)
        self.key = nn.Linear(channels, heads * depth, bias=qkv_bias)
        self.value = nn.Linear(channels, heads * depth, bias=qkv_bias)
        self.project = nn.Linear(heads * depth, channels)
        self.register_buffer("random", _orthogonal(features, depth))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to all."""
        height, width = x.shape[2:]
        tokens = to_tokens(x)
        query, key, value = (
            split_heads(layer(tokens), self.heads) for layer in (self.query, self.key, self.value)
        )
        query, key = self._features(query, (3,)), self._features(key, (2, 3))
        gathered = query @ (key.transpose(2, 3) @ value)
        total = query @ key.sum(dim=2)[..., None]
        return to_map(self.project(join_heads(gathered / total)), height, width)

    def _features(self, tokens: torch.Tensor, over: tuple[int, ...]) -> torch.Tensor:
        # (N, heads, L, d) to (N, heads, L, m), all positive; `over`: the dimensions of the maximum taken off.
        count, depth = self.random.shape
        scaled = tokens * depth**-0.25
        projected = scaled @ self.random.T
        largest = projected.amax(dim=over, keepdim=True).detach()
        exponent = projected - scaled.square().sum(dim=3, keepdim=True) / 2 - largest
        positive: torch.Tensor = count**-0.5 * (exponent.exp() + 1e-4)
        return positive


def _orthogonal(rows: int, columns: int) -> torch.Tensor:
    # (rows, columns): orthogonal within each block of `columns` rows, and as long as rows of normal numbers are.
    blocks = [torch.linalg.qr(torch.randn(columns, columns)).Q.T for _ in range(-(-rows // columns))]
    lengths: torch.Tensor = torch.randn(rows, columns).norm(dim=1, keepdim=True)
    return lengths * torch.cat(blocks)[:rows]

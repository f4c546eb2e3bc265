"""Attends at linear cost inside a gated, convolved branch, as Mamba's block would with attention for its recurrence.

    u = silu(depthwise conv3x3(linear(x)))      C channels
    y = linear(attention(u) * silu(linear(x)))  all linear with bias
    attention(u): [q, k] = elu(linear(u)) + 1   C channels each, in heads of d = C/heads; v = u
        q', k': channels 2j and 2j+1 turned by row*f_j for j < C/4, by column*f_(j-C/4) for the others
                f_j = 10000^(-j/(C/4)); over all C channels, whatever the heads
        out_i = q'_i (sum over j of k'_j v_j^T / N) / (q_i . mean of k + 1e-6)          per head
        + depthwise conv3x3(v)
    gated=False: y = attention(x)

Demystify Mamba in Vision: A Linear Attention Perspective. Dongchen Han et al., NeurIPS 2024, arXiv:2405.16605.
Official code: LeapLabTHU/MLLA.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.modules._maps import join_heads, split_heads, to_map, to_tokens

ENTRY = {
    "class": "MambaLikeLinearAttention",
    "name": "Mamba-like linear attention (MLLA)",
    "paper": {
        "title": "Demystify Mamba in Vision: A Linear Attention Perspective",
        "author": "Dongchen Han",
        "venue": "NeurIPS",
        "year": 2024,
        "arxiv": "2405.16605",
    },
    "code": "LeapLabTHU/MLLA",
    "family": "self-attention",
    "place": "after",
    "aliases": ["mila", "mamba-like-linear-attention", "mllattention", "mlla-block"],
    "where": {"groups": "max(C // 32, 1) if heads is None else heads", "depth": "C // groups"},
    "params": "2*C*C + 10*C + (2*C if qkv_bias else 0) + (3*C*C + 13*C if gated else 0)",
    "macs": "N*(2*C*C + 2*C*depth + 10*C + (3*C*C + 9*C if gated else 0))",
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        ["C % groups == 0", "channels must be a multiple of the heads = {groups}"],
        ["C % 4 == 0", "channels must be a multiple of 4: pairs of them turn by rows and by columns"],
    ],
    "variants": {"attention": {"gated": False}},
    "deviations": [
        "The plain name is what the block has between its norm and its shortcut; the linear attention by itself, which"
        " plug-in collections insert, is the variant attention.",
        "The block's two position convolutions, its norms and its feed-forward part are left out.",
        "The official code takes square maps of one size and keeps the angles' cosines and sines; here they are made at"
        " every call, for any map.",
        "Angles, and what they turn, are in fp32 there under any autocast; here what is turned stays in its type.",
    ],
}


class _LinearAttention(nn.Module):
    """Linear attention with turned queries and keys: (N, C, H, W) to the same shape."""

    def __init__(self, channels: int, heads: int, qkv_bias: bool) -> None:
        super().__init__()
        self.heads = heads
        self.query_key = nn.Linear(channels, 2 * channels, bias=qkv_bias)
        self.local = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to all."""
        height, width = x.shape[2:]
        tokens = to_tokens(x)
        queries, keys = (F.elu(self.query_key(tokens)) + 1).chunk(2, dim=2)
        cosine, sine = _rotation(height, width, tokens)
        query, key, value = (split_heads(part, self.heads) for part in (queries, keys, tokens.contiguous()))
        turned_query, turned_key = (
            split_heads(_turned(part, cosine, sine), self.heads) for part in (queries, keys)
        )
        inverse = 1 / (query @ key.mean(dim=2, keepdim=True).transpose(2, 3) + 1e-6)
        share = value.shape[2] ** -0.5
        gathered = turned_query @ ((turned_key * share).transpose(2, 3) @ (value * share)) * inverse
        y: torch.Tensor = to_map(join_heads(gathered), height, width) + self.local(x)
        return y


def _rotation(height: int, width: int, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    # Cosines and sines (H*W, C/2) of the angle of each position and pair of channels.
    quarter = like.shape[2] // 4
    exact = torch.promote_types(like.dtype, torch.float32)
    frequency = 10000 ** (-torch.arange(quarter, dtype=exact, device=like.device) / quarter)
    by_row = torch.arange(height, dtype=exact, device=like.device)[:, None] * frequency
    by_column = torch.arange(width, dtype=exact, device=like.device)[:, None] * frequency
    angle = torch.cat((by_row.repeat_interleave(width, 0), by_column.repeat(height, 1)), dim=1)
    return angle.cos().to(like.dtype), angle.sin().to(like.dtype)


def _turned(tokens: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    # (N, L, C) to the same shape: each pair of channels turned by its angle.
    even, odd = tokens[..., ::2], tokens[..., 1::2]
    return torch.stack((even * cosine - odd * sine, odd * cosine + even * sine), dim=-1).flatten(2)


class MambaLikeLinearAttention(nn.Module):
    """The token mixer of MLLA: (N, C, H, W) to the same shape.

    channels: C. heads: unless given, C // 32, at least one. gated: the branch and the gate around the attention.
    qkv_bias: biases in the layer of queries and keys.
    """

    def __init__(
        self, channels: int, *, heads: int | None = None, gated: bool = True, qkv_bias: bool = True
    ) -> None:
        super().__init__()
        self.attention = _LinearAttention(
            channels, max(channels // 32, 1) if heads is None else heads, qkv_bias
        )
        self.gated = gated
        if gated:
            self.enter = nn.Linear(channels, channels)
            self.gate = nn.Linear(channels, channels)
            self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
            self.project = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to all, by way of the branch."""
        if not self.gated:
            return self.attention(x)  # type: ignore[no-any-return]  # a module's call has no type
        height, width = x.shape[2:]
        tokens = to_tokens(x)
        branch = F.silu(self.depthwise(to_map(self.enter(tokens), height, width)))
        attended = to_tokens(self.attention(branch)) * F.silu(self.gate(tokens))
        return to_map(self.project(attended), height, width)

"""Attends with weights that decay with the Manhattan distance, row by row and then column by column.

    q, k, v = linear(x)                         C channels each, in heads of d = C/heads; with bias
    q, k: channels 2j and 2j+1 turned by the angle i*f_j        i: number of the position, row by row
          f_j = 10000^(-j/(d/2-1)), j = 0 to d/2-1
    logits = q_p . k_m / sqrt(d) + distance(p, m) * log g_h     g_h = 1 - 2^(-2 - r*h/heads), h = 0 to heads-1
    along(W) v = softmax over the positions of the own row of logits, times v;  along(H): of the own column
    y = linear(along(H) along(W) v + depthwise conv5x5(v))      with bias
    whole: softmax over all positions of the map at once, distance = rows + columns between them

RMT: Retentive Networks Meet Vision Transformers. Qihang Fan et al., CVPR 2024, arXiv:2309.11523.
Official code: qhfan/RMT.
"""

import torch
from torch import nn

from attnprof.modules._maps import join_heads, split_heads, to_map, to_tokens

ENTRY = {
    "class": "ManhattanAttention",
    "name": "Manhattan self-attention (MaSA)",
    "paper": {
        "title": "RMT: Retentive Networks Meet Vision Transformers",
        "author": "Qihang Fan",
        "venue": "CVPR",
        "year": 2024,
        "arxiv": "2309.11523",
    },
    "code": "qhfan/RMT",
    "family": "self-attention",
    "place": "after",
    "aliases": ["rmt", "manhattan-self-attention", "manhattan-attention", "retentive-vision"],
    "where": {"groups": "max(C // 32, 4) if heads is None else heads"},
    "params": "4*C*C + 30*C",
    "macs": "N*(4*C*C + 25*C + 2*C*(N if whole else H + W))",
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        ["C % groups == 0", "channels must be a multiple of the heads = {groups}"],
        [
            "C // groups % 2 == 0",
            "a head must have an even number of channels, not {C // groups}: they turn in pairs",
        ],
        ["decay_range is None or decay_range >= 0", "decay_range must not be negative, as {decay_range} is"],
    ],
    "variants": {"whole": {"whole": True}},
    "deviations": [
        "Row by row and column by column is what RMT has on its larger maps; on its last stage the whole map attends"
        " (variant whole).",
        "Heads are C // 32, at least 4, and r is 4 up to 128 channels, above 6, as in RMT-T and RMT-S; the larger"
        " networks have heads of 16 or 32 channels and r from 5 to 6.",
        "Angles and decays are made at every call; RMT makes them once for all blocks of a stage.",
        "In the official code a stage draws its layers anew, from a normal distribution; here they have those of the"
        " module by itself.",
    ],
}


class ManhattanAttention(nn.Module):
    """Manhattan self-attention: (N, C, H, W) to the same shape.

    channels: C. whole: all positions at once. heads: unless given, C // 32, at least 4. decay_range: r, how far apart
    the heads' decays are; unless given, 4 up to 128 channels, above 6.
    """

    def __init__(
        self,
        channels: int,
        *,
        whole: bool = False,
        heads: int | None = None,
        decay_range: float | None = None,
    ) -> None:
        super().__init__()
        self.heads = max(channels // 32, 4) if heads is None else heads
        self.decay_range = (4.0 if channels <= 128 else 6.0) if decay_range is None else decay_range
        self.whole = whole
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)
        self.value = nn.Linear(channels, channels)
        self.local = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.project = nn.Linear(channels, channels)
        for layer in (self.query, self.key, self.value):
            nn.init.xavier_normal_(layer.weight, gain=2**-2.5)
        nn.init.xavier_normal_(self.project.weight)
        nn.init.zeros_(self.project.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to the others, the nearer the more."""
        height, width = x.shape[2:]
        tokens = to_tokens(x)
        values = self.value(tokens)
        query, key, value = (
            split_heads(part, self.heads) for part in (self.query(tokens), self.key(tokens), values)
        )
        query, key = _turned(query), _turned(key * key.shape[3] ** -0.5)
        attended = (self._over_the_map if self.whole else self._axis_by_axis)(
            query, key, value, height, width
        )
        local = to_tokens(self.local(to_map(values, height, width)))
        return to_map(self.project(join_heads(attended) + local), height, width)

    def _over_the_map(
        self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, height: int, width: int
    ) -> torch.Tensor:
        rows = self._decay(query, height).repeat_interleave(width, 1).repeat_interleave(width, 2)
        columns = self._decay(query, width).repeat(1, height, height)
        return (query @ key.transpose(2, 3) + rows + columns).softmax(dim=3) @ value

    def _axis_by_axis(
        self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, height: int, width: int
    ) -> torch.Tensor:
        query, key, value = (part.reshape(*part.shape[:2], height, width, -1) for part in (query, key, value))
        logits = query @ key.transpose(3, 4) + self._decay(query, width)[:, None]
        value = (logits.softmax(dim=4) @ value).transpose(2, 3)  # (N, heads, W, H, d)
        query, key = query.transpose(2, 3), key.transpose(2, 3)
        logits = query @ key.transpose(3, 4) + self._decay(query, height)[:, None]
        return (logits.softmax(dim=4) @ value).transpose(2, 3).flatten(2, 3)

    def _decay(self, like: torch.Tensor, length: int) -> torch.Tensor:
        # (heads, length, length): distance times the logarithm of the head's decay.
        exact = torch.promote_types(like.dtype, torch.float32)
        head = torch.arange(self.heads, dtype=exact, device=like.device)
        position = torch.arange(length, dtype=exact, device=like.device)
        logarithm = (1 - 2 ** (-2 - self.decay_range * head / self.heads)).log()
        return ((position[:, None] - position).abs() * logarithm[:, None, None]).to(like.dtype)


def _turned(tokens: torch.Tensor) -> torch.Tensor:
    # (N, heads, L, d) to the same shape: each pair of channels turned by the position's angle.
    length, depth = tokens.shape[2:]
    exact = torch.promote_types(tokens.dtype, torch.float32)
    position = torch.arange(length, dtype=exact, device=tokens.device)
    frequency = 10000 ** -torch.linspace(0, 1, depth // 2, dtype=exact, device=tokens.device)
    angle = position[:, None] * frequency
    cosine, sine = angle.cos().to(tokens.dtype), angle.sin().to(tokens.dtype)
    even, odd = tokens[..., ::2], tokens[..., 1::2]
    return torch.stack((even * cosine - odd * sine, odd * cosine + even * sine), dim=-1).flatten(3)

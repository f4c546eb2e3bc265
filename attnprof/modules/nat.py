"""Lets each position attend to the k x k positions nearest to it, with a learned bias for each relative offset.

    window of p: rows from r = clamp(row - k//2, 0, H-k) to r + k-1, columns likewise          k*k positions for each p
    [q, k, v] = linear(x)                       C channels each, in heads of d = C/heads
    logits = q_p . k_m / sqrt(d) + B[row_m - row_p + k-1, col_m - col_p + k-1]      B: (heads, 2k-1, 2k-1), learned
    y = linear(softmax over the window of logits times v, heads side by side)       both linear with bias

Neighborhood Attention Transformer. Ali Hassani et al., CVPR 2023, arXiv:2204.07143.
Official code: SHI-Labs/Neighborhood-Attention-Transformer.
"""

import torch
from torch import nn

from attnprof.modules._maps import join_heads, split_heads, to_map, to_tokens

ENTRY = {
    "class": "NeighborhoodAttention",
    "name": "Neighborhood attention (NAT)",
    "paper": {
        "title": "Neighborhood Attention Transformer",
        "author": "Ali Hassani",
        "venue": "CVPR",
        "year": 2023,
        "arxiv": "2204.07143",
    },
    "code": "SHI-Labs/Neighborhood-Attention-Transformer",
    "family": "self-attention",
    "place": "after",
    "aliases": ["neighborhood-attention", "neighbourhood-attention", "natten"],
    "where": {"groups": "max(C // 32, 1) if heads is None else heads"},
    "params": "4*C*C + C + (3*C if qkv_bias else 0) + groups*(2*kernel_size - 1)**2",
    "macs": "N*(4*C*C + 2*kernel_size**2*C)",
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        ["C % groups == 0", "channels must be a multiple of the heads = {groups}"],
        [
            "kernel_size > 1 and kernel_size % 2 == 1",
            "kernel_size must be odd and greater than 1, not {kernel_size}",
        ],
        [
            "min(H, W) >= kernel_size",
            "height and width must be at least the kernel = {kernel_size}",
        ],
    ],
    "variants": {"k3": {"kernel_size": 3}, "k13": {"kernel_size": 13}},
    "deviations": [
        "Windows are gathered in plain torch, k*k copies of keys and values, as in the authors' version without a"
        " kernel; their CUDA kernels read the map in place, at the same MACs.",
        "At the border the window moves inwards, so that every position has k*k neighbours; nothing is padded.",
        "Maps smaller than the kernel, which the official code pads, are refused.",
        "Dilation, of DiNAT, is left out.",
    ],
}


class NeighborhoodAttention(nn.Module):
    """Neighborhood attention: (N, C, H, W) to the same shape.

    channels: C. kernel_size: k. heads: unless given, C // 32, at least one. qkv_bias: biases in the first layer.
    """

    def __init__(
        self, channels: int, *, kernel_size: int = 7, heads: int | None = None, qkv_bias: bool = True
    ) -> None:
        super().__init__()
        self.heads = max(channels // 32, 1) if heads is None else heads
        self.kernel_size = kernel_size
        self.qkv = nn.Linear(channels, 3 * channels, bias=qkv_bias)
        self.relative_bias = nn.Parameter(torch.empty(self.heads, 2 * kernel_size - 1, 2 * kernel_size - 1))
        nn.init.trunc_normal_(self.relative_bias, std=0.02)
        self.project = nn.Linear(channels, channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to its window."""
        height, width = x.shape[2:]
        query, keys, values = self.qkv(to_tokens(x)).chunk(3, dim=2)
        query = split_heads(query, self.heads)[..., None, :]  # (N, heads, H*W, 1, d)
        key, value = (self._windows(to_map(part, height, width)) for part in (keys, values))
        logits = query * query.shape[-1] ** -0.5 @ key + self._bias(height, width, x.device)[:, :, None]
        gathered = logits.softmax(dim=4) @ value.transpose(3, 4)
        return to_map(self.project(join_heads(gathered.squeeze(3))), height, width)

    def _windows(self, maps: torch.Tensor) -> torch.Tensor:
        # (N, C, H, W) to the window of each position: (N, heads, H*W, d, k*k).
        size = self.kernel_size
        rows, columns = (self._starts(side, maps.device) for side in maps.shape[2:])
        whole = maps.unfold(2, size, 1).unfold(3, size, 1)  # every window that lies in the map
        windows = whole.index_select(2, rows).index_select(3, columns)
        split = windows.view(len(maps), self.heads, -1, *windows.shape[2:]).permute(0, 1, 3, 4, 2, 5, 6)
        return split.flatten(5).flatten(2, 3)

    def _bias(self, height: int, width: int, device: torch.device) -> torch.Tensor:
        # (heads, H*W, k*k): the bias of each position's window.
        rows, columns = (self._offsets(side, device) for side in (height, width))
        table = self.relative_bias[
            :, rows[:, None, :, None], columns[None, :, None, :]
        ]  # (heads, H, W, k, k)
        return table.flatten(3).flatten(1, 2)

    def _starts(self, length: int, device: torch.device) -> torch.Tensor:
        # (length): where the window of each position begins.
        last = length - self.kernel_size
        starts = [min(max(0, position - self.kernel_size // 2), last) for position in range(length)]
        return torch.tensor(starts, device=device)

    def _offsets(self, length: int, device: torch.device) -> torch.Tensor:
        # (length, k): indices into the table of biases, key minus query.
        position = torch.arange(length, device=device)
        within = torch.arange(self.kernel_size, device=device)
        return self._starts(length, device)[:, None] + within - position[:, None] + self.kernel_size - 1

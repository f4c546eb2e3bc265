"""Gates rows and columns by multi-scale 1-D convolutions, then channels by a self-attention among the channels.

    r = mean over W of x (C, H), c = mean over H of x (C, W)
    D: four quarters of the channels, each by a depth-wise conv1d of kernel 3, 5, 7, 9, zero padded, with bias
    x1 = x * sigmoid(GN(D r)) * sigmoid(GN(D c))    the same D; two GroupNorms of 4 groups, one each
    p = GN1(x1 average-pooled by window)        (C, n): windows of window_size that do not overlap, GN1: all channels
    q, k, v = p, each scaled by one number per channel of its own (bias: and shifted)
    A = softmax of q k^T / sqrt(C/heads)        (C/heads, C/heads), per head of consecutive channels
    y = x1 * sigmoid(mean over the n windows of A v)

SCSA: Exploring the Synergistic Effects Between Spatial and Channel Attention. Yunzhong Si et al.,
Neurocomputing 2025, arXiv:2407.05128.
Official code: HZAI-ZJNU/SCSA.
"""

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "SCSA",
    "name": "Spatial and Channel Synergistic Attention",
    "paper": {
        "title": "SCSA: Exploring the Synergistic Effects Between Spatial and Channel Attention",
        "author": "Yunzhong Si",
        "venue": "Neurocomputing",
        "year": 2025,
        "arxiv": "2407.05128",
    },
    "code": "HZAI-ZJNU/SCSA",
    "family": "channel+spatial",
    "place": "after",
    "aliases": [
        "spatial-and-channel-synergistic-attention",
        "spatial-channel-synergistic-attention",
        "smsa-pcsa",
    ],
    "where": {"windows": "1 if window_size is None else (H//window_size)*(W//window_size)"},
    "params": "16*C + (3*C if bias else 0)",
    "macs": "6*C*(H + W) + windows*(3*C + 2*C*C//heads)",
    "limits": [
        ["heads > 0", "heads must be positive, not {heads}"],
        ["window_size is None or window_size > 0", "window_size must be positive or None, not {window_size}"],
        ["C % 4 == 0", "channels must be a multiple of 4, for four kernel sizes"],
        ["C % heads == 0", "channels must be a multiple of heads = {heads}"],
        [
            "window_size is None or min(H, W) >= window_size",
            "the map must be at least one window, {window_size}x{window_size}",
        ],
        ["C*min(H, W) > 4", "GroupNorm needs more than one value per group: more channels or a larger map"],
    ],
    "variants": {"global": {"window_size": None}},
    "deviations": [
        "The tokens are the channels: the attention matrix is C x C, and with the usual single head most of the MACs.",
        "Rows and columns beyond the last whole window have no part in the channel gate.",
        "The official code writes window_size -1 for one window over the whole map; here it is None (variant global).",
        "Its other ways to pool, maxima and the dense recombination of a window's pixels, are left out.",
    ],
}


class SCSA(nn.Module):
    """Spatial and Channel Synergistic Attention: (N, C, H, W) to the same shape.

    channels: C. heads: of the attention among channels. window_size: side of the pooled windows; None: the whole map.
    bias: biases in query, key and value.
    """

    def __init__(
        self, channels: int, *, heads: int = 1, window_size: int | None = 7, bias: bool = False
    ) -> None:
        super().__init__()
        quarter = channels // 4
        self.heads = heads
        self.window_size = window_size
        self.lines = nn.ModuleList(
            nn.Conv1d(quarter, quarter, kernel, padding=kernel // 2, groups=quarter)
            for kernel in (3, 5, 7, 9)
        )
        self.norm_rows = nn.GroupNorm(4, channels)
        self.norm_columns = nn.GroupNorm(4, channels)
        self.norm = nn.GroupNorm(1, channels)
        self.query, self.key, self.value = (
            nn.Conv2d(channels, channels, 1, groups=channels, bias=bias) for _ in range(3)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by row and column, then by channel."""
        rows = self.norm_rows(self._along(x.mean(dim=3))).sigmoid()
        columns = self.norm_columns(self._along(x.mean(dim=2))).sigmoid()
        x = x * rows[..., None] * columns[:, :, None]
        gate: torch.Tensor = self._attend(x).mean(dim=2).sigmoid()
        return x * gate[..., None, None]

    def _along(self, line: torch.Tensor) -> torch.Tensor:
        # (N, C, L) to the same shape.
        return torch.cat(
            [conv(part) for conv, part in zip(self.lines, line.chunk(4, dim=1), strict=True)], dim=1
        )

    def _attend(self, x: torch.Tensor) -> torch.Tensor:
        # (N, C, H, W) to (N, C, windows).
        pooled = (
            F.adaptive_avg_pool2d(x, 1) if self.window_size is None else F.avg_pool2d(x, self.window_size)
        )
        pooled = self.norm(pooled)
        n, c, h, w = pooled.shape
        query, key, value = (
            scale(pooled).view(n, self.heads, c // self.heads, h * w)
            for scale in (self.query, self.key, self.value)
        )
        weights = (query @ key.transpose(2, 3) * (c // self.heads) ** -0.5).softmax(dim=3)
        attended: torch.Tensor = (weights @ value).view(n, c, h * w)
        return attended

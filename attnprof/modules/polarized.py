"""Gates channels and positions, each by an attention that collapses the other and keeps its own resolution.

    z = V softmax(q)                            (h); V = conv1x1(x): (h, H*W), q = conv1x1(x): (H*W), h = C//2
    t = mean over H, W of conv1x1(x)            (h)
    K = conv1x1(x)                              (h, H*W)
    mode "parallel":    c = sigmoid(conv1x1(z))                 (C)
                        p = sigmoid(softmax(t K))               (H*W)
                        y = x * c + x * p
    mode "sequential":  c = sigmoid(conv1x1(relu(LayerNorm(conv1x1(z)))))   h to h//reduction to C, with biases
                        p = sigmoid(t softmax(K)), from x * c in place of x
                        y = x * c * p

    Every softmax is over the positions. Without a bias but for the two convolutions that have it above.

Polarized Self-Attention: Towards High-quality Pixel-wise Regression. Huajun Liu et al., arXiv 2021, arXiv:2107.00782.
Official code: DeLightCMU/PSA.
"""

import torch
from torch import nn

ENTRY = {
    "class": "PolarizedSelfAttention",
    "name": "Polarized Self-Attention",
    "paper": {
        "title": "Polarized Self-Attention: Towards High-quality Pixel-wise Regression",
        "author": "Huajun Liu",
        "venue": "arXiv",
        "year": 2021,
        "arxiv": "2107.00782",
    },
    "code": "DeLightCMU/PSA",
    "family": "channel+spatial",
    "place": "after",
    "aliases": ["polarized-self-attention", "polarised", "polarised-self-attention"],
    "related": ["psa-p", "psa-s"],
    "where": {"half": "C // 2", "hidden": "half // reduction"},
    "params": "3*C*half + C + (C*half if mode == 'parallel' else (half + C)*hidden + 3*hidden + C)",
    "macs": "N*(3*C*half + C + 2*half) + (C*half if mode == 'parallel' else (half + C)*hidden)",
    "limits": [
        ["mode in ('parallel', 'sequential')", "mode must be 'parallel' or 'sequential', not {mode}"],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["C >= 2", "channels must be at least 2, as half of them are kept"],
        [
            "mode == 'parallel' or half >= reduction",
            "channels must be at least 2 x the reduction = {2*reduction}",
        ],
    ],
    "variants": {"sequential": {"mode": "sequential"}},
    "deviations": [
        "The two official classes differ in more than their order: only sequential has the bottleneck with LayerNorm, and"
        " the spatial softmax comes after the product in parallel, before it in sequential.",
        "In parallel mode the spatial gate is the sigmoid of weights that sum to 1 over the map: about one half everywhere.",
        "The ports in xmu-xiaoma666's External-Attention-pytorch have LayerNorm in both: other counts.",
    ],
}


class PolarizedSelfAttention(nn.Module):
    """Polarized Self-Attention: (N, C, H, W) to the same shape.

    channels: C. mode: "parallel" or "sequential". reduction: of the bottleneck in sequential, C // 2 // reduction wide.
    """

    def __init__(self, channels: int, *, mode: str = "parallel", reduction: int = 4) -> None:
        super().__init__()
        half = channels // 2
        self.mode = mode
        self.channel_query = nn.Conv2d(channels, 1, 1, bias=False)
        self.channel_value = nn.Conv2d(channels, half, 1, bias=False)
        self.spatial_query = nn.Conv2d(channels, half, 1, bias=False)
        self.spatial_value = nn.Conv2d(channels, half, 1, bias=False)
        for conv in (self.channel_query, self.channel_value, self.spatial_query, self.spatial_value):
            nn.init.kaiming_normal_(conv.weight, mode="fan_in", nonlinearity="relu")
        self.channel_up: nn.Module
        if mode == "parallel":
            self.channel_up = nn.Conv2d(half, channels, 1, bias=False)
        else:
            hidden = half // reduction
            squeeze, excite = nn.Conv2d(half, hidden, 1), nn.Conv2d(hidden, channels, 1)
            self.channel_up = nn.Sequential(squeeze, nn.LayerNorm([hidden, 1, 1]), nn.ReLU(), excite)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by channel and by position."""
        by_channel = x * self._channel_gate(x)
        if self.mode == "parallel":
            return by_channel + x * self._spatial_gate(x)
        return by_channel * self._spatial_gate(by_channel)

    def _channel_gate(self, x: torch.Tensor) -> torch.Tensor:
        # (N, C, H, W) to (N, C, 1, 1).
        weights = self.channel_query(x).flatten(2).softmax(dim=2)
        context = self.channel_value(x).flatten(2) @ weights.transpose(1, 2)
        gate: torch.Tensor = self.channel_up(context[..., None]).sigmoid()
        return gate

    def _spatial_gate(self, x: torch.Tensor) -> torch.Tensor:
        # (N, C, H, W) to (N, 1, H, W).
        query = self.spatial_query(x).mean(dim=(2, 3))[:, None]
        value = self.spatial_value(x).flatten(2)
        scores = (query @ value).softmax(dim=2) if self.mode == "parallel" else query @ value.softmax(dim=2)
        gate: torch.Tensor = scores.view(x.shape[0], 1, *x.shape[2:]).sigmoid()
        return gate

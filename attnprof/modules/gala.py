"""Reweights every element by a gate that mixes a map over positions and a vector over channels.

    h = C//r
    l = conv1x1(relu(conv5x5(relu(conv1x1(x)))))          (1, H, W), C -> h -> h -> 1, every layer with bias
    g = relu(W2 relu(W1 s + b1) + b2)                     (C), s = mean over H, W of x, W1: h x C, W2: C x h
    A = sigmoid(alpha * (l + g) + beta * (l * g))         (C, H, W), alpha, beta: (C)
    y = A * x

    squash "tanh": A = tanh(...); extra_convs: how many 5x5 convolutions, each with a ReLU behind it.

Learning what and where to attend. Drew Linsley et al., ICLR 2019, arXiv:1805.08819.
Official code: serre-lab/gala_tpu (TensorFlow 1).
"""

import torch
from torch import nn

ENTRY = {
    "class": "GALA",
    "name": "Global-and-local attention",
    "paper": {
        "title": "Learning what and where to attend",
        "author": "Drew Linsley",
        "venue": "ICLR",
        "year": 2019,
        "arxiv": "1805.08819",
    },
    "code": "serre-lab/gala_tpu",
    "family": "channel+spatial",
    "place": "after",
    "aliases": ["global-and-local-attention", "global-local-attention", "gala-block"],
    "where": {"hidden": "C // reduction"},
    "params": "3*C*hidden + 3*hidden + 3*C + 1 + extra_convs*(kernel_size**2*hidden**2 + hidden)",
    "macs": "N*(C*hidden + extra_convs*kernel_size**2*hidden**2 + hidden) + 2*C*hidden",
    "limits": [
        ["squash in ('sigmoid', 'tanh')", "squash must be 'sigmoid' or 'tanh', not {squash}"],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["extra_convs >= 0", "extra_convs must not be negative, as {extra_convs} is"],
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["C >= reduction", "channels must be at least the reduction = {reduction}"],
    ],
    "variants": {"tanh": {"extra_convs": 0, "squash": "tanh"}},
    "deviations": [
        "The official code squashes with a sigmoid; the paper (variant tanh) with tanh, so gates may be negative.",
        "The official code has a 5x5 convolution between the two 1x1 of the local path; the paper has the two alone.",
        "The official code's dense layers end in a ReLU by default, so g is never negative, unlike the paper's; variant tanh too.",
        "The loss that holds the gate to where people looked belongs to training and is left out.",
    ],
}


class GALA(nn.Module):
    """Global-and-local attention: (N, C, H, W) to the same shape.

    channels: C. reduction: hidden width is C // reduction. extra_convs, kernel_size: convolutions between the two 1x1
    of the local path. squash: "sigmoid" or "tanh".
    """

    def __init__(
        self,
        channels: int,
        *,
        reduction: int = 4,
        extra_convs: int = 1,
        kernel_size: int = 5,
        squash: str = "sigmoid",
    ) -> None:
        super().__init__()
        hidden = channels // reduction
        self.squash = squash
        self.local_reduce = nn.Conv2d(channels, hidden, 1)
        self.local_extra = nn.ModuleList(
            nn.Conv2d(hidden, hidden, kernel_size, padding=kernel_size // 2) for _ in range(extra_convs)
        )
        self.local_project = nn.Conv2d(hidden, 1, 1)
        self.global_squeeze = nn.Linear(channels, hidden)
        self.global_excite = nn.Linear(hidden, channels)
        self.alpha = nn.Parameter(torch.empty(channels))
        self.beta = nn.Parameter(torch.empty(channels))
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        # TensorFlow's variance scaling, and Xavier's for the dense layers.
        for factor in (self.alpha, self.beta):
            _scale_variance(factor, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                _scale_variance(layer.weight, layer.weight[0].numel())
            elif isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
            if isinstance(layer, nn.Conv2d | nn.Linear) and layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per element."""
        where = self.local_reduce(x).relu()
        for conv in self.local_extra:
            where = conv(where).relu()
        where = self.local_project(where)  # (N, 1, H, W)
        what = self.global_excite(self.global_squeeze(x.mean(dim=(2, 3))).relu()).relu()[:, :, None, None]
        alpha, beta = self.alpha[:, None, None], self.beta[:, None, None]
        score: torch.Tensor = alpha * (where + what) + beta * (where * what)
        return x * (score.tanh() if self.squash == "tanh" else score.sigmoid())


def _scale_variance(tensor: torch.Tensor, inputs: int) -> None:
    # Normal values within two of their standard deviations, with a variance of 1 / inputs once they are cut off.
    std = inputs**-0.5 / 0.87962566103423978
    nn.init.trunc_normal_(tensor, std=std, a=-2 * std, b=2 * std)

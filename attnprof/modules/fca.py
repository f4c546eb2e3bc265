"""Squeeze-and-Excitation that pools each of 16 groups of channels by a cosine of its own, not all by the average.

    z_c = sum over h, w of x_c[h, w] B(h, u_i, Hd) B(w, v_i, Wd)    i: group of c, C/16 consecutive channels
    B(t, f, L) = cos(pi f (t + 1/2) / L) / sqrt(L), times sqrt(2) where f > 0
    g = sigmoid(W2 relu(W1 z))                  W1: C//r x C, W2: C x C//r, no biases
    y = g * x

    Hd, Wd: dct_size, or with None the map's own; for z, a map of another size is average-pooled to Hd x Wd.
    u_i, v_i: times Hd//7 and Wd//7, the 16 pairs of the paper's best or of the lowest frequencies, u above v:
    top16   0 0 6 0 0 1 1 4 5 1 3 0 0 0 3 2     low16   0 0 1 1 0 2 2 1 2 0 3 4 0 1 3 0
            0 1 0 5 2 0 2 0 0 6 0 4 6 3 5 2             0 1 0 1 2 0 1 2 2 3 0 0 4 3 1 5

FcaNet: Frequency Channel Attention Networks. Zequn Qin et al., ICCV 2021, arXiv:2012.11879.
Official code: cfzd/FcaNet.
"""

from math import pi

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "FCA",
    "name": "Frequency Channel Attention",
    "paper": {
        "title": "FcaNet: Frequency Channel Attention Networks",
        "author": "Zequn Qin",
        "venue": "ICCV",
        "year": 2021,
        "arxiv": "2012.11879",
    },
    "code": "cfzd/FcaNet",
    "family": "channel",
    "place": "after",
    "aliases": ["fcanet", "fca-net", "fca-layer", "frequency-channel-attention", "multi-spectral-attention"],
    "where": {"hidden": "C // reduction"},
    "params": "2*C*hidden",
    "macs": "2*C*hidden",
    "sized": "dct_size is None",
    "limits": [
        ["frequencies in ('top16', 'low16')", "frequencies must be 'top16' or 'low16', not {frequencies}"],
        ["dct_size is None or dct_size > 0", "dct_size must be positive, not {dct_size}"],
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["C % 16 == 0", "channels must be a multiple of 16, the number of frequencies"],
        ["C >= reduction", "channels must be at least the reduction = {reduction}"],
    ],
    "variants": {
        "low16": {"frequencies": "low16"},
        "top16-full": {"dct_size": None},
        "low16-full": {"frequencies": "low16", "dct_size": None},
    },
    "deviations": [
        "The paper's ResNets use 56, 28, 14 and 7 by stage as dct_size: the map's own size at 224x224 (variants full).",
        "The cosines are a buffer of C*Hd*Wd values, not parameters; it has no part in the MACs, as the projection is an"
        " element-wise product and a sum.",
        "Below a dct_size of 7 every frequency is 0: the module is then Squeeze-and-Excitation on scaled averages.",
        "The frequency (0, 0) is the mean times sqrt(Hd*Wd), not the mean: 7 times as large at 7x7.",
    ],
}

TABLES = {
    "top16": (
        (0, 0, 6, 0, 0, 1, 1, 4, 5, 1, 3, 0, 0, 0, 3, 2),
        (0, 1, 0, 5, 2, 0, 2, 0, 0, 6, 0, 4, 6, 3, 5, 2),
    ),
    "low16": (
        (0, 0, 1, 1, 0, 2, 2, 1, 2, 0, 3, 4, 0, 1, 3, 0),
        (0, 1, 0, 1, 2, 0, 1, 2, 2, 3, 0, 0, 4, 3, 1, 5),
    ),
}


class FCA(nn.Module):
    """Frequency Channel Attention: (N, C, H, W) to the same shape.

    channels: C. reduction: hidden width is C // reduction. frequencies: "top16" or "low16". dct_size: side of the
    square map that is projected; None: height and width, which are then required.
    """

    basis: torch.Tensor

    def __init__(
        self,
        channels: int,
        *,
        reduction: int = 16,
        frequencies: str = "top16",
        dct_size: int | None = 7,
        height: int | None = None,
        width: int | None = None,
    ) -> None:
        super().__init__()
        rows, columns = (height, width) if dct_size is None else (dct_size, dct_size)
        if rows is None or columns is None:
            raise ValueError(
                "with dct_size None the map's height and width are part of the module: give both"
            )
        along_height, along_width = TABLES[frequencies]
        waves = (
            _cosines(along_height, rows)[:, :, None] * _cosines(along_width, columns)[:, None]
        )  # (16, Hd, Wd)
        self.register_buffer(
            "basis", waves.repeat_interleave(channels // 16, dim=0).to(torch.get_default_dtype())
        )
        self.squeeze = nn.Linear(channels, channels // reduction, bias=False)
        self.excite = nn.Linear(channels // reduction, channels, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per channel."""
        size = self.basis.shape[1:]
        pooled = x if x.shape[2:] == size else F.adaptive_avg_pool2d(x, (size[0], size[1]))
        projected = (pooled * self.basis).sum(dim=(2, 3))
        gate: torch.Tensor = self.excite(self.squeeze(projected).relu()).sigmoid()
        return x * gate[:, :, None, None]


def _cosines(indices: tuple[int, ...], length: int) -> torch.Tensor:
    # (16, length), each row of length 1: the orthonormal DCT-II.
    frequency = torch.tensor(indices, dtype=torch.float64)[:, None] * (length // 7)
    position = torch.arange(length, dtype=torch.float64) + 0.5
    norm = torch.where(frequency > 0, 2.0, 1.0).div(length).sqrt()
    return torch.cos(pi * frequency * position / length) * norm

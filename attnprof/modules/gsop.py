"""Gates channels, positions or both by convolutions over the rows of a covariance matrix.

    J = (I - 11^T/m)/m                                         multiplied out as it stands
    channel:  T = relu(BN(conv1x1(relu(x))))                   (d, M), with stride s, so M = ceil(H/s) * ceil(W/s)
              Q = T J T^T                                      d x d; J: M x M, m = M
              y = sigmoid(conv1x1(rows(BN(Q)))) * x            one gate per channel, 4d -> C
    position: T = pool(BN(conv1x1(relu(x))))                   (d, 64): averaged to 8 x 8
              P = T^T J T                                      64 x 64; J: d x d, m = 64
              y = relu(up(sigmoid(conv1x1(relu(rows(BN(P)))))) * x)     an 8 x 8 gate, 256 -> 64, pooled to H x W
    fusion:   y = channel(x) + position(x)

    rows: each row of the n x n matrix is a channel of its own: grouped convolution n -> 4n over a whole row.
    s = 2 where C//4 <= 64, else 1; every convolution with bias.

Global Second-order Pooling Convolutional Networks. Zilin Gao et al., CVPR 2019, arXiv:1811.12006.
Official code: ZilinGao/Global-Second-order-Pooling-Convolutional-Networks.
"""

import torch
import torch.nn.functional as F
from torch import nn

ENTRY = {
    "class": "GSoP",
    "name": "Global second-order pooling",
    "paper": {
        "title": "Global Second-order Pooling Convolutional Networks",
        "author": "Zilin Gao",
        "venue": "CVPR",
        "year": 2019,
        "arxiv": "1811.12006",
    },
    "code": "ZilinGao/Global-Second-order-Pooling-Convolutional-Networks",
    "family": "channel",
    "place": "after",
    "aliases": ["global-second-order-pooling", "second-order-pooling", "gsop-net", "gsopnet"],
    "where": {
        "s": "(2 if C//4 <= 64 else 1) if stride is None else stride",
        "M": "-(-H//s) * -(-W//s)",
        "channel": "mode != 'position'",
        "position": "mode != 'channel'",
    },
    "params": "(5*C*dim + C + 4*dim**2 + 9*dim if channel else 0) + (C*dim + 3*dim + 33216 if position else 0)",
    "macs": (
        "(C*dim*M + dim*M*M + dim*dim*M + 4*dim*dim + 4*dim*C if channel else 0)"
        " + (C*dim*N + 64*dim*dim + 64*64*dim + 2*256*64 if position else 0)"
    ),
    "limits": [
        [
            "mode in ('channel', 'position', 'fusion')",
            "mode must be 'channel', 'position' or 'fusion', not {mode}",
        ],
        ["dim > 0", "dim must be positive, not {dim}"],
        ["stride is None or stride > 0", "stride must be positive, not {stride}"],
        [
            "not train or not channel or batch*M > 1",
            "training needs more than one position in the reduced batch",
        ],
        ["not train or not channel or batch*dim > 1", "training needs a dim or a batch of at least 2"],
        ["not train or not position or batch*N > 1", "training needs more than one position in the batch"],
    ],
    "variants": {"position": {"mode": "position"}, "fusion": {"mode": "fusion"}},
    "deviations": [
        "The centring matrix is multiplied out, as in the official code: d*M*M of the MACs, most of them on large maps;"
        " centring first would need none of these for the same result.",
        "dim is 128 whatever the channels, so even few channels cost tens of thousands of parameters.",
        "The position branch centres over dim but divides by its 64 positions: a covariance only where dim is 64.",
        "The channel branch has no ReLU between its last two convolutions, though the official README speaks of one.",
        "The fusion is a plain sum, though the official code calls it an average.",
    ],
    "inside": {"resnet": {"place": "after_stage"}},
}

_SIDE = 8  # of the map that the position branch is pooled to


def _centring(size: int, count: int, like: torch.Tensor) -> torch.Tensor:
    # (I - 11^T/count) / count, size x size.
    identity = torch.eye(size, dtype=like.dtype, device=like.device)
    return (identity - 1 / count) / count


class _Rows(nn.Module):
    def __init__(self, size: int, outputs: int, relu: bool) -> None:
        super().__init__()
        self.relu = relu
        self.norm = nn.BatchNorm2d(size)
        self.rows = nn.Conv2d(size, 4 * size, (size, 1), groups=size)
        self.project = nn.Conv2d(4 * size, outputs, 1)

    def forward(self, matrix: torch.Tensor) -> torch.Tensor:
        """Gates (N, outputs, 1, 1) from matrix (N, size, size)."""
        hidden = self.rows(self.norm(matrix[..., None]))
        gate: torch.Tensor = self.project(hidden.relu() if self.relu else hidden).sigmoid()
        return gate


class _Channel(nn.Module):
    def __init__(self, channels: int, dim: int, stride: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, dim, 1, stride=stride)
        self.norm = nn.BatchNorm2d(dim)
        self.excite = _Rows(dim, channels, relu=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per channel."""
        t = self.norm(self.reduce(x.relu())).relu().flatten(2)
        y: torch.Tensor = x * self.excite(t @ _centring(t.shape[2], t.shape[2], t) @ t.transpose(1, 2))
        return y


class _Position(nn.Module):
    def __init__(self, channels: int, dim: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(channels, dim, 1)
        self.norm = nn.BatchNorm2d(dim)
        self.excite = _Rows(_SIDE**2, _SIDE**2, relu=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by one value per position."""
        t = F.adaptive_avg_pool2d(self.norm(self.reduce(x.relu())), _SIDE).flatten(2)
        gate = self.excite(t.transpose(1, 2) @ _centring(t.shape[1], _SIDE**2, t) @ t)
        y: torch.Tensor = x * F.adaptive_avg_pool2d(gate.view(-1, 1, _SIDE, _SIDE), (x.shape[2], x.shape[3]))
        return y.relu()


class GSoP(nn.Module):
    """Global second-order pooling: (N, C, H, W) to the same shape.

    channels: C. mode: "channel", "position" or "fusion" (their sum). dim: d, the side of the channel covariance.
    stride: of the channel branch's reduction, None for 2 up to 256 channels and 1 above.
    """

    def __init__(
        self, channels: int, *, mode: str = "channel", dim: int = 128, stride: int | None = None
    ) -> None:
        super().__init__()
        if stride is None:
            stride = 2 if channels // 4 <= 64 else 1
        self.channel = None if mode == "position" else _Channel(channels, dim, stride)
        self.position = None if mode == "channel" else _Position(channels, dim)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Gate x (N, C, H, W) by second-order statistics of its channels, its positions or both."""
        outputs: list[torch.Tensor] = [
            branch(x) for branch in (self.channel, self.position) if branch is not None
        ]
        return outputs[0] if len(outputs) == 1 else outputs[0] + outputs[1]

"""Adds to the map its own low-rank reconstruction, from a non-negative matrix factorisation done in the forward pass.

    X = relu(conv1x1(x))                        (D, H*W), with bias
    B = random in [0, 1), each of the R columns to length 1     (D, R)
    Z = softmax over the R bases of X^T B       (H*W, R)
    repeat 6 times in training, 7 in evaluation, without gradient:
        Z = Z * (X^T B) / (Z (B^T B) + 1e-6)
        B = B * (X Z) / (B (Z^T Z) + 1e-6)
    once more, with gradient: Z = Z * (X^T B) / (Z (B^T B) + 1e-6)
    y = relu(x + BN(conv1x1(B Z^T)))            no bias in this convolution

    in evaluation the first B is fixed, its entries before normalisation, counted n = 1..D*R row by row:
        (n^2 mod p) * 1327217885 mod p, divided by p, p = 2^31 - 1        the same for every image

Is Attention Better Than Matrix Decomposition? Zhengyang Geng et al., ICLR 2021, arXiv:2109.04553.
Official code: Gsunshine/Enjoy-Hamburger.
"""

import torch
from torch import nn
from torch.nn import functional as F

ENTRY = {
    "class": "Hamburger",
    "name": "Hamburger (NMF)",
    "paper": {
        "title": "Is Attention Better Than Matrix Decomposition?",
        "author": "Zhengyang Geng",
        "venue": "ICLR",
        "year": 2021,
        "arxiv": "2109.04553",
    },
    "code": "Gsunshine/Enjoy-Hamburger",
    "family": "spatial",
    "place": "after",
    "aliases": ["ham", "hamnet", "enjoy-hamburger", "nmf", "matrix-decomposition"],
    "where": {
        "inner": "C if inner_channels is None else inner_channels",
        "steps": "train_steps if train else eval_steps",
    },
    "params": "2*C*inner + inner + 2*C",
    "macs": "2*C*inner*N + (2*steps + 3)*rank*inner*N + (2*steps + 1)*rank*rank*(inner + N)",
    "limits": [
        ["inner > 0", "inner_channels must be positive, not {inner_channels}"],
        ["rank > 0", "rank must be positive, not {rank}"],
        ["train_steps >= 0 and eval_steps >= 0", "train_steps and eval_steps must be 0 or more"],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "deviations": [
        "The official code draws new random bases in every call, evaluation included, so its output varies; here they"
        " are random in training and, in evaluation, a fixed sequence that looks so, so that calls agree.",
        "The official width of the decomposition is 512 whatever the map; here it is that of the map unless given.",
        "The counts are those of evaluation with 7 steps; training has 6.",
        "This is version 1 with NMF: VQ and CD, and version 2 with a further convolution, are left out.",
    ],
}

PRIME = 2**31 - 1


class Hamburger(nn.Module):
    """Hamburger with non-negative matrix factorisation: (N, C, H, W) to the same shape.

    channels: C. inner_channels: D, rows of the factorised matrix; C unless given. rank: R, its bases.
    train_steps, eval_steps: updates without gradient.
    """

    def __init__(
        self,
        channels: int,
        *,
        inner_channels: int | None = None,
        rank: int = 64,
        train_steps: int = 6,
        eval_steps: int = 7,
    ) -> None:
        super().__init__()
        inner = channels if inner_channels is None else inner_channels
        self.rank, self.train_steps, self.eval_steps = rank, train_steps, eval_steps
        self.enter = nn.Conv2d(channels, inner, 1)
        self.leave = nn.Conv2d(inner, channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        for conv in (self.enter, self.leave):
            nn.init.normal_(conv.weight, std=(2 / conv.out_channels) ** 0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Add to x (N, C, H, W) its reconstruction of rank R."""
        matrix = self.enter(x).relu().flatten(2)
        with torch.no_grad():
            bases = self._first_bases(matrix)
            codes = (matrix.transpose(1, 2) @ bases).softmax(dim=2)
            for _ in range(self.train_steps if self.training else self.eval_steps):
                codes = _updated(codes, matrix.transpose(1, 2), bases)
                bases = _updated(bases, matrix, codes)
        codes = _updated(codes, matrix.transpose(1, 2), bases)
        rebuilt = (bases @ codes.transpose(1, 2)).view(len(x), -1, *x.shape[2:])
        y: torch.Tensor = (x + self.norm(self.leave(rebuilt))).relu()
        return y

    def _first_bases(self, matrix: torch.Tensor) -> torch.Tensor:
        # (N, D, R) for a matrix (N, D, H*W).
        n, d, _ = matrix.shape
        if self.training:
            bases = torch.rand(n, d, self.rank, device=matrix.device, dtype=matrix.dtype)
        else:
            # Integers below 2**62, so that every device and precision starts from the same values.
            order = torch.arange(1, d * self.rank + 1, device=matrix.device)
            spread = order * order % PRIME * 1327217885 % PRIME
            exact = torch.promote_types(matrix.dtype, torch.float32)
            bases = (spread.to(exact) / PRIME).to(matrix.dtype).view(1, d, self.rank).expand(n, -1, -1)
        return F.normalize(bases, dim=1)


def _updated(factor: torch.Tensor, matrix: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    # The multiplicative update of one factor: matrix is about factor @ other^T.
    return factor * (matrix @ other) / (factor @ (other.transpose(1, 2) @ other) + 1e-6)

"""Groups the pixels softly into super tokens, lets these attend to each other, and hands the result back.

    the map in cells of s x s pixels, zeros added right and below; S = average of each cell, (C, h, w)
    n_iter times:
        A = softmax over 9 of x_p . S_m / sqrt(C)      p: a pixel, m: the 3x3 cells around it, row by row;
                                                       one outside of the map is zero and takes part
        S_m = (sum of A_pm x_p) / (sum of A_pm + 1e-12)        over the pixels p of the cells around m
    [q, k, v] = conv1x1(S), head by head        heads of d = C/heads: q, k, v of a head, then of the next
    S' = conv1x1(softmax over m of q_n . k_m / sqrt(d) times v, heads side by side)      with bias
    y_p = sum over the 9 cells of A_pm S'_m     A of the last iteration;  s = 1: y = S', S = x, nothing else

Fixed kernels gather and sum the cells: unfold is a conv3x3, 1 to 9 channels; fold a transposed one, 9 to 1.
No gradient passes through A. s is 8, 4, 1, 1 by stage: for maps of about 56, 28, 14 and 7 pixels.

Vision Transformer with Super Token Sampling. Huaibo Huang et al., CVPR 2023, arXiv:2211.11167.
Official code: hhb072/STViT.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.catalogue.formula import stage

ENTRY = {
    "class": "SuperTokenAttention",
    "name": "Super token attention",
    "paper": {
        "title": "Vision Transformer with Super Token Sampling",
        "author": "Huaibo Huang",
        "venue": "CVPR",
        "year": 2023,
        "arxiv": "2211.11167",
    },
    "code": "hhb072/STViT",
    "family": "self-attention",
    "place": "after",
    "aliases": ["super-token", "super-token-attention", "super-token-sampling", "stvit", "svit"],
    "sized": "stoken_size is None",
    "where": {
        "groups": "C // 64 if heads is None else heads",
        "side": "(8, 4, 1, 1)[stage(H, W)] if stoken_size is None else stoken_size",
        "tokens": "ceil(H / side)*ceil(W / side)",
        "padded": "tokens*side**2",
    },
    "params": "4*C*C + C + (3*C if qkv_bias else 0) + 162",
    "macs": (
        "4*C*C*tokens + 2*C*tokens**2 + (0 if side == 1 else"
        " n_iter*(18*C*padded + (162*C + 81)*tokens) + 9*C*padded + 81*C*tokens)"
    ),
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        [
            "heads is not None or C % 64 == 0",
            "without heads, channels must be a multiple of 64: heads are 64 wide",
        ],
        ["heads is None or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        ["stoken_size is None or stoken_size > 0", "stoken_size must be positive, not {stoken_size}"],
        ["n_iter > 0", "n_iter must be positive, not {n_iter}"],
    ],
    "variants": {
        "s8": {"stoken_size": 8},
        "s4": {"stoken_size": 4},
        "s4-n2": {"stoken_size": 4, "n_iter": 2},
    },
    "deviations": [
        "The two fixed kernels are parameters without a gradient, as officially: 162 more than are learned.",
        "Their convolutions count as MACs: 243*C + 81 for each super token.",
        "Cells outside of the map keep their share of the softmax, so pixels at the border get less back.",
        "At a size of 1, the later stages, this is plain multi-head attention over all positions.",
        "Other refinements of the super tokens than attention are left out.",
    ],
}


class SuperTokenAttention(nn.Module):
    """Super token attention: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map, needed where stoken_size is not given. stoken_size: s, side of a cell.
    n_iter: updates of the super tokens. heads: unless given, C // 64. qkv_bias: biases in the first convolution.
    """

    def __init__(
        self,
        channels: int,
        *,
        height: int | None = None,
        width: int | None = None,
        stoken_size: int | None = None,
        n_iter: int = 1,
        heads: int | None = None,
        qkv_bias: bool = True,
    ) -> None:
        super().__init__()
        if stoken_size is None:
            if height is None or width is None:
                raise ValueError(
                    "the cells follow from the map's size: give height and width, or stoken_size"
                )
            stoken_size = (8, 4, 1, 1)[stage(height, width)]
        self.side, self.n_iter, self.scale = stoken_size, n_iter, channels**-0.5
        self.heads = channels // 64 if heads is None else heads
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=qkv_bias)
        self.project = nn.Conv2d(channels, channels, 1)
        kernel = torch.eye(9).reshape(9, 1, 3, 3)
        self.unfold = nn.Parameter(kernel, requires_grad=False)
        self.fold = nn.Parameter(kernel.clone(), requires_grad=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let the positions of x (N, C, H, W) attend to each other by way of super tokens."""
        if self.side == 1:
            return self._attend(x)
        n, channels, height, width = x.shape
        side = self.side
        padded = F.pad(x, (0, -width % side, 0, -height % side))
        rows, columns = padded.shape[2] // side, padded.shape[3] // side
        cells = padded.view(n, channels, rows, side, columns, side)
        pixels = cells.permute(0, 2, 4, 3, 5, 1).reshape(n, rows * columns, side * side, channels)
        tokens = F.avg_pool2d(padded, side)
        for iteration in range(self.n_iter):
            with torch.no_grad():
                affinity = (pixels @ self._around(tokens) * self.scale).softmax(dim=3)  # (N, cells, s*s, 9)
                share = self._sum(affinity.sum(dim=2)[:, :, None], rows, columns)
            with torch.set_grad_enabled(torch.is_grad_enabled() and iteration == self.n_iter - 1):
                tokens = self._sum(pixels.transpose(2, 3) @ affinity, rows, columns) / (share + 1e-12)
        spread = affinity @ self._around(self._attend(tokens)).transpose(2, 3)  # (N, cells, s*s, C)
        back = spread.view(n, rows, columns, side, side, channels).permute(0, 5, 1, 3, 2, 4)
        y: torch.Tensor = back.reshape(padded.shape)[:, :, :height, :width]
        return y

    def _around(self, tokens: torch.Tensor) -> torch.Tensor:
        # Super tokens (N, C, h, w) to the nine around each: (N, cells, C, 9).
        n, channels, rows, columns = tokens.shape
        nine = F.conv2d(tokens.reshape(-1, 1, rows, columns), self.unfold, padding=1)
        return nine.view(n, channels, 9, -1).permute(0, 3, 1, 2)

    def _sum(self, parts: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
        # What each cell has for the nine around it, (N, cells, C, 9), summed up where it arrives: (N, C, h, w).
        n, _, channels, _ = parts.shape
        nine = parts.permute(0, 2, 3, 1).reshape(-1, 9, rows, columns)
        return F.conv_transpose2d(nine, self.fold, padding=1).view(n, channels, rows, columns)

    def _attend(self, tokens: torch.Tensor) -> torch.Tensor:
        n, channels, rows, columns = tokens.shape
        qkv = self.qkv(tokens).view(n, self.heads, -1, rows * columns).transpose(2, 3)
        query, key, value = qkv.chunk(3, dim=3)  # (N, heads, h*w, d)
        attended = F.scaled_dot_product_attention(query, key, value)
        y: torch.Tensor = self.project(attended.transpose(2, 3).reshape(n, channels, rows, columns))
        return y

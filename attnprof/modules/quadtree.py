"""Lets each position attend to the whole map at a coarse resolution, and more and more finely where it looked most.

    q_1, k_1, v_1 = conv1x1(x)                  with bias; level 1 is the map, level L the coarsest
    q_(l+1), k_(l+1) = averages of 2 x 2;  v_(l+1) = conv1x1(gelu(GN(conv2x2 stride 2(gelu(GN(v_l))))))
    level L: a = softmax over all positions of q . k / sqrt(d)          per head, of d channels
    level l: a = softmax of q . k / sqrt(d) over the 4 children of each of the K positions that the parent took
    out_l = sum of a v_l;  each level takes the K positions of largest a for its children
    y = linear(sum over l of w_l (out_l + depthwise conv3x3(v_l)), each repeated down to the map), w = softmax of L numbers

L is 4, 3, 2, 1 by stage: for maps of about 56, 28, 14 and 7 pixels; then the coarsest is 7 x 7. K is 8, and GN has
one group.

QuadTree Attention for Vision Transformers. Shitao Tang et al., ICLR 2022, arXiv:2201.02767.
Official code: Tangshitao/QuadTreeAttention.
"""

import torch
import torch.nn.functional as F
from torch import nn

from attnprof.catalogue.formula import stage
from attnprof.modules._maps import split_heads, to_map, to_tokens, to_windows

ENTRY = {
    "class": "QuadTreeAttention",
    "name": "QuadTree attention",
    "paper": {
        "title": "QuadTree Attention for Vision Transformers",
        "author": "Shitao Tang",
        "venue": "ICLR",
        "year": 2022,
        "arxiv": "2201.02767",
    },
    "code": "Tangshitao/QuadTreeAttention",
    "family": "self-attention",
    "place": "after",
    "aliases": ["quad-tree", "quadtree-attention", "quadtreeattention", "qtatt"],
    "sized": "levels is None",
    "where": {
        "groups": "C // 64 if heads is None else heads",
        "count": "(4, 3, 2, 1)[stage(H, W)] if levels is None else levels",
        "side": "2**(count - 1)",
        "coarsest": "N // side**2",
        "below": "(N - coarsest) // 3",
    },
    "params": "4*C*C + C + (3*C if qkv_bias else 0) + count*(10*C + 1) + (count - 1)*(5*C*C + 6*C)",
    "macs": ("4*N*C*C + 2*coarsest**2*C + 9*(N + below)*C + 5*below*C*C + 8*topk*C*(N + below - coarsest)"),
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        [
            "heads is not None or C % 64 == 0",
            "without heads, channels must be a multiple of 64: heads are 64 wide",
        ],
        ["heads is None or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        ["levels is None or levels > 0", "levels must be positive, not {levels}"],
        ["topk > 0", "topk must be positive, not {topk}"],
        ["H % side == 0 and W % side == 0", "height and width must be multiples of {side}"],
        ["topk <= coarsest", "topk must be at most the {coarsest} positions of the coarsest level"],
    ],
    "variants": {"two-levels": {"levels": 2}},
    "deviations": [
        "The quadtree B of the vision models, with its depthwise convolutions; the form A, for matching images, is left out.",
        "Heads are 64 wide with qkv biases, as in the models B1 to B4; B0's are 32 wide. The bare class has 8 heads and no"
        " qkv biases.",
        "Taking the largest is not continuous: where two positions tie, implementations may differ.",
        "Keys and values are gathered for each group of four queries; the official kernels read them in place.",
    ],
}


class QuadTreeAttention(nn.Module):
    """QuadTree attention (B): (N, C, H, W) to the same shape.

    channels: C. height, width: of the map, needed where levels is None. heads: unless given, C // 64. levels: L;
    None for the stage's number. topk: K. qkv_bias: biases in the layers that give queries, keys and values.
    """

    def __init__(
        self,
        channels: int,
        *,
        height: int | None = None,
        width: int | None = None,
        heads: int | None = None,
        levels: int | None = None,
        topk: int = 8,
        qkv_bias: bool = True,
    ) -> None:
        super().__init__()
        if levels is None:
            if height is None or width is None:
                raise ValueError("the levels follow from the map's size: give height and width, or levels")
            levels = (4, 3, 2, 1)[stage(height, width)]
        self.heads, self.topk = channels // 64 if heads is None else heads, topk
        self.query, self.key, self.value = (nn.Conv2d(channels, channels, 1, bias=qkv_bias) for _ in range(3))
        self.coarsen = nn.ModuleList(_coarser_values(channels) for _ in range(levels - 1))
        self.local = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels) for _ in range(levels)
        )  # the coarsest level first, as level_weight
        self.level_weight = nn.Parameter(torch.randn(levels))
        self.project = nn.Linear(channels, channels)
        for layer in self.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                nn.init.trunc_normal_(layer.weight, std=0.02)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Let each position of x (N, C, H, W) attend to the map, level by level."""
        pyramid = self._pyramid(x)[::-1]
        weights = self.level_weight.softmax(dim=0)
        merged, taken = torch.zeros_like(pyramid[0][0]), None
        for place, (query, key, value) in enumerate(pyramid):
            if taken is None:
                attended, taken = self._attend_to_all(query, key, value)
            else:
                merged = F.interpolate(merged, scale_factor=2, mode="nearest")
                attended, taken = self._attend_to_children(query, key, value, taken)
            merged = merged + weights[place] * (attended + self.local[place](value))
        return to_map(self.project(to_tokens(merged)), *x.shape[2:])

    def _pyramid(self, x: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
        """Queries, keys and values of each level, the map's first."""
        query, key, value = self.query(x), self.key(x), self.value(x)
        pyramid = [(query, key, value)]
        for coarsen in self.coarsen:
            query, key, value = F.avg_pool2d(query, 2), F.avg_pool2d(key, 2), coarsen(value)
            pyramid.append((query, key, value))
        return pyramid

    def _attend_to_all(
        self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Of the coarsest level: what comes out (N, C, h, w), and the positions taken (N, heads, h*w, K)."""
        q, k, v = (split_heads(to_tokens(part), self.heads) for part in (query, key, value))
        attention = (q @ k.transpose(2, 3) * q.shape[3] ** -0.5).softmax(dim=3)
        taken = attention.topk(self.topk, dim=3).indices
        out = (attention @ v).transpose(1, 2).flatten(2)
        return to_map(out, *query.shape[2:]), taken

    def _attend_to_children(
        self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, taken: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Of a finer level, whose parents have ``taken`` (N, heads, parents, K); the same of its positions."""
        n, channels, height, width = query.shape
        parents, depth = taken.shape[2], channels // self.heads
        children = self._children(taken, width)  # (N, heads, parents, 4K)
        chosen = children.flatten(2)[..., None].expand(-1, -1, -1, depth)
        k, v = (
            split_heads(to_tokens(part), self.heads)
            .gather(2, chosen)
            .view(n, self.heads, parents, 4 * self.topk, depth)
            for part in (key, value)
        )
        # The four queries of a parent, row by row: (N, heads, parents, 4, d).
        q = to_windows(query, 2, 2).reshape(n, parents, self.heads, depth, 4).permute(0, 2, 1, 4, 3)
        attention = (q @ k.transpose(3, 4) * depth**-0.5).softmax(dim=4)
        best = attention.topk(self.topk, dim=4).indices
        positions = children[:, :, :, None].expand(-1, -1, -1, 4, -1).gather(4, best)
        rows, columns = height // 2, width // 2
        out = _spread(attention @ v, rows, columns).permute(0, 1, 4, 2, 3).flatten(1, 2)
        return out, _spread(positions, rows, columns).flatten(2, 3)

    @staticmethod
    def _children(taken: torch.Tensor, width: int) -> torch.Tensor:
        """The four positions, in a map ``width`` wide, of each of the coarser positions ``taken``: (..., 4K)."""
        rows, columns = taken // (width // 2) * 2, taken % (width // 2) * 2
        corner = rows * width + columns
        return torch.cat([corner, corner + 1, corner + width, corner + width + 1], dim=-1)


def _coarser_values(channels: int) -> nn.Sequential:
    """Values of the next coarser level: (N, C, h, w) to (N, C, h/2, w/2)."""
    return nn.Sequential(
        nn.GroupNorm(1, channels),
        nn.GELU(),
        nn.Conv2d(channels, channels, 2, stride=2),
        nn.GroupNorm(1, channels),
        nn.GELU(),
        nn.Conv2d(channels, channels, 1),
    )


def _spread(of_parents: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """(N, heads, rows*columns, 4, D) to (N, heads, 2*rows, 2*columns, D): each parent's four side by side."""
    n, heads, _, _, depth = of_parents.shape
    squares = of_parents.reshape(n, heads, rows, columns, 2, 2, depth)
    return squares.transpose(3, 4).reshape(n, heads, 2 * rows, 2 * columns, depth)

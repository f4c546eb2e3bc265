"""Turns the whole context into small linear maps, one by content and one by position, that each query applies.

    q = BN(conv1x1(x)), heads*D channels; k = conv1x1(x), D; v = BN(conv1x1(x)), V = C/heads; no biases
    content = (softmax of k over the H*W positions) v^T                 D x V, one for the map
    local   position_p = conv r x r of v at p, with bias                D x V: D maps from each channel of v
    global  position_p = sum over m of E[row_m - row_p + H-1, col_m - col_p + W-1] v_m^T
                                                                        E: (2H-1, 2W-1, D), learned
    y_p = content^T q_p + position_p^T q_p      per head; the heads side by side are C channels

LambdaNetworks: Modeling Long-Range Interactions Without Attention. Irwan Bello, ICLR 2021, arXiv:2102.08602.
Official code: none; ported as in timm, the global form as in lucidrains/lambda-networks.
"""

import torch
from torch import nn

from attnprof.modules._maps import relative_index

ENTRY = {
    "class": "LambdaLayer",
    "name": "Lambda layer",
    "paper": {
        "title": "LambdaNetworks: Modeling Long-Range Interactions Without Attention",
        "author": "Irwan Bello",
        "venue": "ICLR",
        "year": 2021,
        "arxiv": "2102.08602",
    },
    "code": "",
    "family": "self-attention",
    "place": "replace",
    "aliases": ["lambda", "lambda-layer", "lambda-networks", "lambdanetworks", "lambdanet", "lambda-resnet"],
    "sized": "mode == 'global'",
    "where": {
        "values": "C // heads",
        "convolved": "C*(heads*key_channels + key_channels + values)",
        "position": "N*kernel_size**2 if mode == 'local' else N*N",
    },
    "params": (
        "convolved + 2*heads*key_channels + 2*values"
        " + key_channels*(kernel_size**2 + 1 if mode == 'local' else (2*H - 1)*(2*W - 1))"
    ),
    "macs": "N*convolved + key_channels*values*(N*(1 + 2*heads) + position)",
    "limits": [
        ["mode in ('local', 'global')", "mode must be 'local' or 'global', not {mode}"],
        [
            "mode != 'local' or (kernel_size > 0 and kernel_size % 2 == 1)",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["heads > 0", "heads must be positive, not {heads}"],
        ["key_channels > 0", "key_channels must be positive, not {key_channels}"],
        ["C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "variants": {"r23": {"kernel_size": 23}, "global": {"mode": "global"}},
    "deviations": [
        "No official PyTorch code exists. The paper and lucidrains' port have r = 23 (variant r23), timm 9, as here.",
        "lucidrains' port takes q, k and v from three convolutions, timm, as here, from one: same function and counts.",
        "The paper's intra-depth u is 1, as in both ports.",
        "The global form holds a tensor of H*W x H*W x D values: 0.6 GB at 56x56. The port takes square maps only.",
    ],
}


class LambdaLayer(nn.Module):
    """Lambda layer: (N, C, H, W) to the same shape.

    channels: C. height, width: of the map, needed by the global mode. mode: "local" or "global", as above.
    kernel_size: r, of the local mode. heads: queries per position. key_channels: D.
    """

    index: torch.Tensor

    def __init__(
        self,
        channels: int,
        *,
        height: int | None = None,
        width: int | None = None,
        mode: str = "local",
        kernel_size: int = 9,
        heads: int = 4,
        key_channels: int = 16,
    ) -> None:
        super().__init__()
        values = channels // heads
        self.heads, self.size = heads, (height, width)
        self.widths = (heads * key_channels, key_channels, values)
        self.qkv = nn.Conv2d(channels, sum(self.widths), 1, bias=False)
        self.query_norm = nn.BatchNorm2d(heads * key_channels)
        self.value_norm = nn.BatchNorm2d(values)
        self.position: nn.Conv3d | None = None
        self.relative: nn.Parameter | None = None
        if mode == "local":
            # Depth is the channel of v: none of them meets another.
            self.position = nn.Conv3d(
                1,
                key_channels,
                (1, kernel_size, kernel_size),
                padding=(0, kernel_size // 2, kernel_size // 2),
            )
            nn.init.trunc_normal_(self.qkv.weight, std=channels**-0.5)
            nn.init.trunc_normal_(self.position.weight, std=key_channels**-0.5)
        else:
            if height is None or width is None:
                raise ValueError("the global form is built for one map size: give height and width")
            self.relative = nn.Parameter(torch.randn(2 * height - 1, 2 * width - 1, key_channels))
            # Transposed, the offsets are key minus query.
            self.register_buffer("index", relative_index(height, width).T.contiguous(), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Apply to each query of x (N, C, H, W) what its context has become."""
        query, key, value = self.qkv(x).split(self.widths, dim=1)
        value = self.value_norm(value)
        content = key.flatten(2).softmax(dim=2) @ value.flatten(2).transpose(1, 2)  # (N, D, V)
        queries = self.query_norm(query).flatten(2).unflatten(1, (self.heads, -1)).permute(0, 3, 1, 2)
        by_content = queries @ content[:, None]  # (N, H*W, heads, V)
        by_position = queries @ self._positions(value)
        y: torch.Tensor = (by_content + by_position).permute(0, 2, 3, 1).reshape(x.shape)
        return y

    def _positions(self, value: torch.Tensor) -> torch.Tensor:
        # (N, V, H, W) to a matrix (D, V) for each position: (N, H*W, D, V).
        if self.position is not None:
            maps: torch.Tensor = self.position(value[:, None])
            return maps.flatten(3).permute(0, 3, 1, 2)
        assert self.relative is not None
        if tuple(value.shape[2:]) != self.size:
            raise ValueError(f"built for maps of {self.size}, this one has {tuple(value.shape[2:])}")
        table = self.relative.flatten(0, 1)[self.index].transpose(1, 2)  # (H*W, D, keys H*W)
        summed = table.flatten(0, 1) @ value.flatten(2).transpose(1, 2)
        return summed.view(value.shape[0], -1, table.shape[1], value.shape[1])

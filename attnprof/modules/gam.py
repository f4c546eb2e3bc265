"""Multiplies by a per-position channel MLP, then gates every element by two large convolutions.

    h = C//r
    m = W2 relu(W1 x + b1) + b2                 (C, H, W), at every position, W1: h x C, W2: C x h
    z = m * x                                   channel_sigmoid: sigmoid(m) * x
    S = sigmoid(BN(conv7x7(relu(BN(conv7x7(z))))))        (C, H, W), C -> h -> C, with bias
    y = shuffle(S) * z                          shuffle_groups 1: S as it is

    shuffle: the channels seen as (shuffle_groups, C//shuffle_groups), transposed, flattened.

Global Attention Mechanism: Retain Information to Enhance Channel-Spatial Interactions.
Yichao Liu et al., arXiv 2021, arXiv:2112.05561.
Official code: none; ported as in northBeggar/Plug-and-Play, grouped as in positive666/yolo_research.
"""

import torch
from torch import nn

ENTRY = {
    "class": "GAM",
    "name": "Global Attention Mechanism",
    "paper": {
        "title": "Global Attention Mechanism: Retain Information to Enhance Channel-Spatial Interactions",
        "author": "Yichao Liu",
        "venue": "arXiv",
        "year": 2021,
        "arxiv": "2112.05561",
    },
    "code": "",
    "family": "channel+spatial",
    "place": "after",
    "aliases": ["global-attention-mechanism", "gam-attention"],
    "where": {"hidden": "C // reduction"},
    "params": "2*C*hidden + 2*kernel_size**2*C*hidden//groups + 4*hidden + 4*C",
    "macs": "N*(2*C*hidden + 2*kernel_size**2*C*hidden//groups)",
    "limits": [
        ["reduction > 0", "reduction must be positive, not {reduction}"],
        ["groups > 0", "groups must be positive, not {groups}"],
        ["shuffle_groups > 0", "shuffle_groups must be positive, not {shuffle_groups}"],
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["C >= reduction", "channels must be at least the reduction = {reduction}"],
        [
            "C % groups == 0 and hidden % groups == 0",
            "channels and the hidden width = {hidden} must be multiples of the groups = {groups}",
        ],
        ["C % shuffle_groups == 0", "channels must be a multiple of shuffle_groups = {shuffle_groups}"],
        ["not train or batch*N > 1", "training needs more than one position in the batch"],
    ],
    "variants": {
        "grouped": {"groups": 4, "shuffle_groups": 4},
        "channel-sigmoid": {"channel_sigmoid": True},
    },
    "deviations": [
        "No author repository is known; the default is northBeggar's Plug-and-Play port, the others as widely copied.",
        "The channel map multiplies without a sigmoid in most copies, as here; in z1069614715's it has one"
        " (channel-sigmoid).",
        "The YOLO copies use 4 groups by default and shuffle the spatial gate behind its sigmoid (variant grouped);"
        " without groups they shuffle all the same.",
        "The paper has groups and shuffle in ResNet-50 only.",
    ],
}


class GAM(nn.Module):
    """Global Attention Mechanism: (N, C, H, W) to the same shape.

    channels: C. reduction: hidden width is C // reduction. kernel_size: of the spatial convolutions. groups: of the
    same. shuffle_groups: of the channel shuffle of the spatial gate, 1 for none. channel_sigmoid: on the channel map.
    """

    def __init__(
        self,
        channels: int,
        *,
        reduction: int = 4,
        kernel_size: int = 7,
        groups: int = 1,
        shuffle_groups: int = 1,
        channel_sigmoid: bool = False,
    ) -> None:
        super().__init__()
        hidden, padding = channels // reduction, kernel_size // 2
        self.shuffle_groups, self.channel_sigmoid = shuffle_groups, channel_sigmoid
        self.channel_squeeze = nn.Linear(channels, hidden)
        self.channel_excite = nn.Linear(hidden, channels)
        self.spatial_reduce = nn.Conv2d(channels, hidden, kernel_size, padding=padding, groups=groups)
        self.spatial_reduce_norm = nn.BatchNorm2d(hidden)
        self.spatial_expand = nn.Conv2d(hidden, channels, kernel_size, padding=padding, groups=groups)
        self.spatial_expand_norm = nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Reweight x (N, C, H, W) twice by one value per element."""
        pixels = x.permute(0, 2, 3, 1)
        channel: torch.Tensor = self.channel_excite(self.channel_squeeze(pixels).relu()).permute(0, 3, 1, 2)
        x = x * (channel.sigmoid() if self.channel_sigmoid else channel)
        hidden = self.spatial_reduce_norm(self.spatial_reduce(x)).relu()
        gate: torch.Tensor = self.spatial_expand_norm(self.spatial_expand(hidden)).sigmoid()
        if self.shuffle_groups > 1:
            groups = gate.reshape(len(x), self.shuffle_groups, -1, *x.shape[2:])
            gate = groups.transpose(1, 2).flatten(1, 2)
        return x * gate

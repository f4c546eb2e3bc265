"""MixNet-S: inverted residuals whose depthwise convolutions mix kernel sizes, 13 of 16 with SE."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, Network
from attnprof.networks._mobile_places import ADDITIONS, EVERYWHERE, replace_se, stages

NETWORK = Network(
    title="MixNet-S",
    paper=Paper(
        "MixConv: Mixed Depthwise Convolutional Kernels", "Mingxing Tan", "BMVC", 2019, arxiv="1907.09595"
    ),
    constructor="attnprof.networks._mixnet:MixNetS",
    entry_names=("mixnet_s",),
    stages=stages(6),
    places={"replace_se": replace_se(*range(2, 6)), **EVERYWHERE, **ADDITIONS},
    default_places={"after": "replace_se", "replace": "replace_depthwise", "fuse": "fuse_add"},
    place_aliases={"before_addition": "after_project"},
    facts=Facts(4_134_606, 239_173_360, {"after": 13, "replace": 16, "fuse": 11}, "counts of timm"),
)

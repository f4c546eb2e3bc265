"""EfficientNet-B0: inverted residuals, each with SE."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, Network
from attnprof.networks._mobile_places import ADDITIONS, EVERYWHERE, replace_se, stages

NETWORK = Network(
    title="EfficientNet-B0",
    paper=Paper(
        "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
        "Mingxing Tan",
        "ICML",
        2019,
        arxiv="1905.11946",
    ),
    constructor="attnprof.networks._efficientnet:EfficientNetB0",
    entry_names=("efficientnet_b0",),
    stages=stages(7),
    places={"replace_se": replace_se(*range(7)), **EVERYWHERE, **ADDITIONS},
    default_places={"after": "replace_se", "replace": "replace_depthwise", "fuse": "fuse_add"},
    place_aliases={"before_addition": "after_project"},
    facts=Facts(5_288_548, 385_814_752, {"after": 16, "replace": 16, "fuse": 9}, "counts of torchvision"),
)

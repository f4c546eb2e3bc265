"""ResNeXt-50 32x4d: bottlenecks whose 3x3 convolution has 32 groups."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, Network
from attnprof.networks._resnet_places import BOTTLENECK, STAGES

NETWORK = Network(
    title="ResNeXt-50 32x4d",
    paper=Paper(
        "Aggregated Residual Transformations for Deep Neural Networks",
        "Saining Xie",
        "CVPR",
        2017,
        arxiv="1611.05431",
    ),
    constructor="attnprof.networks._resnet:ResNet",
    arguments={"blocks": (3, 4, 6, 3), "bottleneck": True, "groups": 32, "group_width": 4},
    entry_names=("resnext50_32x4d", "resnext", "resnet-bottleneck", "resnet"),
    stages=STAGES,
    places=BOTTLENECK,
    default_places={"after": "after_bn3", "replace": "replace_conv2", "fuse": "fuse_add"},
    place_aliases={"before_addition": "after_bn3"},
    facts=Facts(25_028_904, 4_230_479_872, {"after": 16, "replace": 16, "fuse": 16}, "counts of torchvision"),
)

"""The places of VGG-16, and its Network entries; no torch."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, NamedPlace, Network
from attnprof.networks._mobile_places import stages

PAPER = Paper(
    "Very Deep Convolutional Networks for Large-Scale Image Recognition",
    "Karen Simonyan",
    "ICLR",
    2015,
    arxiv="1409.1556",
)
PLACES = {
    "after_relu": NamedPlace("after", ("stages.*.relu?",), "behind the ReLU of every convolution"),
    "before_pool": NamedPlace("before", ("stages.*.pool",), "at the end of every stage, before its pooling"),
    "replace_conv": NamedPlace(
        "replace",
        ("stages.*.conv2", "stages.*.conv3", "stages.4.conv1"),
        "in place of the nine 3x3 convolutions that keep the number of channels",
    ),
    "after_stage": NamedPlace("after", ("stages.*",), "after every stage, its pooling included"),
}


def vgg16(name: str, with_norm: bool, params: int, macs: int) -> Network:
    """VGG-16. with_norm: BatchNorm behind every convolution. params, macs: of its Facts."""
    return Network(
        title="VGG-16 with BatchNorm" if with_norm else "VGG-16",
        paper=PAPER,
        constructor="attnprof.networks._vgg:VGG16",
        arguments={"with_norm": with_norm},
        entry_names=(name, "vgg"),
        stages=stages(5),
        places=PLACES,
        default_places={"after": "after_relu", "replace": "replace_conv"},
        facts=Facts(params, macs, {"after": 13, "replace": 9}, "counts of torchvision"),
    )

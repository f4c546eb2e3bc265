"""The places of the ResNets, and their Network entries; no torch."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, NamedPlace, Network

PAPER = Paper("Deep Residual Learning for Image Recognition", "Kaiming He", "CVPR", 2016, arxiv="1512.03385")
STAGES = ("layer1", "layer2", "layer3", "layer4")
EVERYWHERE = {
    "after_block": NamedPlace("after", ("layer*.*",), "after every block, its addition and ReLU included"),
    "after_stage": NamedPlace("after", STAGES, "after the last block of every stage"),
    "fuse_add": NamedPlace(
        "fuse", ("layer*.*.add",), "in place of the addition of every block and its shortcut"
    ),
}
BOTTLENECK = {
    "after_bn3": NamedPlace("after", ("layer*.*.bn3",), "at the end of every block, before the addition"),
    "after_bn2": NamedPlace(
        "after", ("layer*.*.bn2",), "behind the 3x3 convolution of every block and its norm, before the ReLU"
    ),
    "after_conv2": NamedPlace(
        "after", ("layer*.*.conv2",), "behind the 3x3 convolution of every block, before its norm"
    ),
    "replace_conv2": NamedPlace(
        "replace", ("layer*.*.conv2",), "in place of the 3x3 convolution of every block"
    ),
    "before_conv": NamedPlace(
        "before", ("conv1", "layer*.*.conv?", "layer*.*.downsample.0"), "in front of every convolution"
    ),
    **EVERYWHERE,
}
BASIC = {
    "after_bn2": NamedPlace("after", ("layer*.*.bn2",), "at the end of every block, before the addition"),
    "after_conv2": NamedPlace(
        "after", ("layer*.*.conv2",), "behind the second 3x3 convolution of every block, before its norm"
    ),
    "replace_conv2": NamedPlace(
        "replace", ("layer*.*.conv2",), "in place of the second 3x3 convolution of every block"
    ),
    "before_conv": BOTTLENECK["before_conv"],
    **EVERYWHERE,
}


def basic(name: str, *blocks: int, params: int, macs: int) -> Network:
    """A ResNet of two 3x3 convolutions per block. params, macs: of its Facts."""
    return Network(
        title=f"ResNet-{name.removeprefix('resnet')}",
        paper=PAPER,
        constructor="attnprof.networks._resnet:ResNet",
        arguments={"blocks": blocks, "bottleneck": False},
        entry_names=(name, "resnet-basic", "resnet"),
        stages=STAGES,
        places=BASIC,
        default_places={"after": "after_bn2", "replace": "replace_conv2", "fuse": "fuse_add"},
        place_aliases={"before_addition": "after_bn2"},
        facts=_facts(blocks, params, macs, "torchvision"),
    )


def bottleneck(name: str, *blocks: int, params: int, macs: int, first: bool = False) -> Network:
    """A ResNet of bottlenecks. params, macs: of its Facts.

    first: v1, a stage's stride is in its first 1x1; else v1.5, in the 3x3.
    """
    depth = name.removeprefix("resnet").partition("_")[0]
    return Network(
        title=f"ResNet-{depth} {'v1' if first else 'v1.5'}",
        paper=PAPER,
        constructor="attnprof.networks._resnet:ResNet",
        arguments={"blocks": blocks, "bottleneck": True, "stride_first": first},
        entry_names=(name, f"resnet{depth}", "resnet-bottleneck", "resnet"),
        stages=STAGES,
        places=BOTTLENECK,
        default_places={"after": "after_bn3", "replace": "replace_conv2", "fuse": "fuse_add"},
        place_aliases={"before_addition": "after_bn3"},
        facts=_facts(blocks, params, macs, "pytorchcv" if first else "torchvision"),
    )


def _facts(blocks: tuple[int, ...], params: int, macs: int, library: str) -> Facts:
    """Every block has one submodule at each default place."""
    sites = dict.fromkeys(("after", "replace", "fuse"), sum(blocks))
    return Facts(params, macs, sites, f"counts of {library}")

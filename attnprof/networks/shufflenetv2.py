"""ShuffleNetV2 at width 1.0: channels split, one half convolved, both shuffled."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, NamedPlace, Network
from attnprof.networks._mobile_places import EVERYWHERE, stages

NETWORK = Network(
    title="ShuffleNetV2 1.0x",
    paper=Paper(
        "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design",
        "Ningning Ma",
        "ECCV",
        2018,
        arxiv="1807.11164",
    ),
    constructor="attnprof.networks._shufflenetv2:ShuffleNetV2",
    entry_names=("shufflenetv2",),
    stages=stages(3),
    places={
        **EVERYWHERE,
        "after_depthwise": NamedPlace(
            "after", ("stages.*.*.depthwise",), "behind the depthwise 3x3 of every block and its norm"
        ),
        "after_project": NamedPlace(
            "after", ("stages.*.*.project",), "at the end of the convolved half, before the concatenation"
        ),
        "after_block": NamedPlace("after", ("stages.*.*",), "after every block, its shuffle included"),
    },
    default_places={"after": "after_project", "replace": "replace_depthwise"},
    place_aliases={"before_addition": "after_project"},
    facts=Facts(2_278_604, 144_907_992, {"after": 16, "replace": 16}, "counts of torchvision"),
)

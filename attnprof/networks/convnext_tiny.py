"""ConvNeXt-T: depthwise 7x7 and two linear layers per block, 96 to 768 channels."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, NamedPlace, Network

NETWORK = Network(
    title="ConvNeXt-T",
    paper=Paper("A ConvNet for the 2020s", "Zhuang Liu", "CVPR", 2022, arxiv="2201.03545"),
    constructor="attnprof.networks._convnext:ConvNeXt",
    arguments={"widths": (96, 192, 384, 768), "blocks": (3, 3, 9, 3)},
    entry_names=("convnext_tiny", "convnext_t", "convnext"),
    stages=tuple(f"stages.{n}" for n in range(4)),
    places={
        "after_stage": NamedPlace("after", ("stages.*",), "after the last block of every stage"),
        "after_block": NamedPlace("after", ("stages.*.blocks.*",), "after every block and its addition"),
        "after_project": NamedPlace(
            "after",
            ("stages.*.blocks.*.project",),
            "at the end of every block, before its scale and its addition",
        ),
        "after_depthwise": NamedPlace(
            "after",
            ("stages.*.blocks.*.depthwise",),
            "behind the depthwise 7x7 of every block, before its norm",
        ),
        "replace_depthwise": NamedPlace(
            "replace", ("stages.*.blocks.*.depthwise",), "in place of the depthwise 7x7 of every block"
        ),
    },
    default_places={"after": "after_stage", "replace": "replace_depthwise"},
    place_aliases={"before_addition": "after_project"},
    facts=Facts(28_589_128, 4_455_531_264, {"after": 4, "replace": 18}, "counts of timm"),
)

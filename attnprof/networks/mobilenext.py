"""MobileNeXt at width 1.0: sandglass blocks."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, NamedPlace, Network

NETWORK = Network(
    title="MobileNeXt",
    paper=Paper(
        "Rethinking Bottleneck Structure for Efficient Mobile Network Design",
        "Daquan Zhou",
        "ECCV",
        2020,
        arxiv="2007.02269",
    ),
    constructor="attnprof.networks._mobilenext:MobileNeXt",
    entry_names=("mobilenext",),
    stages=tuple(f"stages.{n}" for n in range(8)),
    places={
        "after_depthwise": NamedPlace(
            "after",
            ("stages.*.*.depthwise",),
            "behind the first depthwise 3x3, its norm and ReLU6, of the blocks that have it",
        ),
        "after_out": NamedPlace(
            "after",
            ("stages.*.*.out",),
            "behind the second depthwise 3x3 of the blocks that have it, before the addition",
        ),
        "replace_depthwise": NamedPlace(
            "replace", ("stages.*.*.depthwise.conv",), "in place of the first depthwise 3x3"
        ),
        "after_stage": NamedPlace("after", ("stages.*",), "after the last block of every stage"),
    },
    default_places={"after": "after_depthwise", "replace": "replace_depthwise"},
    place_aliases={"before_addition": "after_out"},
    facts=Facts(
        3_535_416,
        311_342_592,
        {"after": 15, "replace": 15},
        "counts of zhoudaquan/rethinking_bottleneck_design",
    ),
)

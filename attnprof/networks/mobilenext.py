"""MobileNeXt at width 1.0: sandglass blocks."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Network, Spot

NETWORK = Network(
    title="MobileNeXt",
    paper=Paper(
        "Rethinking Bottleneck Structure for Efficient Mobile Network Design", "Daquan Zhou", "ECCV", 2020, arxiv="2007.02269"
    ),
    make="attnprof.networks._mobilenext:MobileNeXt",
    kin=("mobilenext",),
    stages=tuple(f"stages.{n}" for n in range(8)),
    places={
        "after_depthwise": Spot("after", ("stages.*.*.depthwise",), "behind the first depthwise 3x3 of the blocks that have it, its norm and ReLU6"),
        "after_out": Spot("after", ("stages.*.*.out",), "behind the second depthwise 3x3 of the blocks that have it, before the addition"),
        "replace_depthwise": Spot("replace", ("stages.*.*.depthwise.conv",), "in place of the first depthwise 3x3"),
        "after_stage": Spot("after", ("stages.*",), "after the last block of every stage"),
    },
    usual={"after": "after_depthwise", "replace": "replace_depthwise"},
    same={"before_addition": "after_out"},
)  # fmt: skip

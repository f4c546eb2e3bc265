"""MobileNetV2 at width 1.0: inverted residuals."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Network, Spot

NETWORK = Network(
    title="MobileNetV2",
    paper=Paper(
        "MobileNetV2: Inverted Residuals and Linear Bottlenecks", "Mark Sandler", "CVPR", 2018, arxiv="1801.04381"
    ),
    make="attnprof.networks._mobilenetv2:MobileNetV2",
    kin=("mobilenetv2",),
    stages=tuple(f"stages.{n}" for n in range(7)),
    places={
        "after_depthwise": Spot(
            "after", tuple(f"stages.{n}.*.depthwise" for n in range(1, 7)), "behind the depthwise 3x3 of the 16 blocks that expand, its norm and ReLU6"
        ),
        "after_project": Spot("after", ("stages.*.*.project",), "at the end of all 17 blocks, before the addition"),
        "after_conv": Spot("after", ("stages.*.*.depthwise.conv",), "behind the depthwise 3x3 of all 17 blocks, before its norm"),
        "replace_depthwise": Spot("replace", ("stages.*.*.depthwise.conv",), "in place of the depthwise 3x3 of every block"),
        "after_stage": Spot("after", ("stages.*",), "after the last block of every stage"),
    },
    usual={"after": "after_depthwise", "replace": "replace_depthwise"},
    same={"before_addition": "after_project"},
)  # fmt: skip

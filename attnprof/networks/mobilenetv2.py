"""MobileNetV2 at width 1.0: inverted residuals."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, NamedPlace, Network

NETWORK = Network(
    title="MobileNetV2",
    paper=Paper(
        "MobileNetV2: Inverted Residuals and Linear Bottlenecks",
        "Mark Sandler",
        "CVPR",
        2018,
        arxiv="1801.04381",
    ),
    constructor="attnprof.networks._mobilenetv2:MobileNetV2",
    entry_names=("mobilenetv2",),
    stages=tuple(f"stages.{n}" for n in range(7)),
    places={
        "after_depthwise": NamedPlace(
            "after",
            tuple(f"stages.{n}.*.depthwise" for n in range(1, 7)),
            "behind depthwise 3x3, norm and ReLU6 of the 16 blocks that expand",
        ),
        "after_project": NamedPlace(
            "after", ("stages.*.*.project",), "at the end of all 17 blocks, before the addition"
        ),
        "after_conv": NamedPlace(
            "after",
            ("stages.*.*.depthwise.conv",),
            "behind the depthwise 3x3 of all 17 blocks, before its norm",
        ),
        "replace_depthwise": NamedPlace(
            "replace", ("stages.*.*.depthwise.conv",), "in place of the depthwise 3x3 of every block"
        ),
        "fuse_add": NamedPlace(
            "fuse", ("stages.*.*.add",), "in place of the addition of every block that adds its input"
        ),
        "after_stage": NamedPlace("after", ("stages.*",), "after the last block of every stage"),
    },
    default_places={"after": "after_depthwise", "replace": "replace_depthwise", "fuse": "fuse_add"},
    place_aliases={"before_addition": "after_project"},
    facts=Facts(3_504_872, 300_774_272, {"after": 16, "replace": 17, "fuse": 10}, "counts of torchvision"),
)

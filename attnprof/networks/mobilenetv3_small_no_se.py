"""MobileNetV3-Small at width 1.0 without its SE."""

from attnprof.networks import Facts
from attnprof.networks._mobilenetv3_places import without_se

NETWORK = without_se(
    "small",
    Facts(
        2_081_216,
        56_051_648,
        {"after": 9, "replace": 11, "fuse": 6},
        "closed form: the published network less its SE",
    ),
)

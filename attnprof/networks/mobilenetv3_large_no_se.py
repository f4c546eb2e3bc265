"""MobileNetV3-Large at width 1.0 without its SE."""

from attnprof.networks import Facts
from attnprof.networks._mobilenetv3_places import without_se

NETWORK = without_se(
    "large",
    Facts(
        3_970_752,
        215_082_560,
        {"after": 8, "replace": 15, "fuse": 10},
        "closed form: the published network less its SE",
    ),
)

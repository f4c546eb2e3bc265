"""MobileNetV3-Small at width 1.0: inverted residuals, nine of eleven with SE."""

from attnprof.networks import Facts
from attnprof.networks._mobilenetv3_places import with_se

NETWORK = with_se(
    "small", Facts(2_542_856, 56_510_400, {"after": 9, "replace": 11, "fuse": 6}, "counts of torchvision")
)

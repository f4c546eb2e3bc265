"""MobileNetV3-Large at width 1.0: inverted residuals, eight of fifteen with SE."""

from attnprof.networks import Facts
from attnprof.networks._mobilenetv3_places import with_se

NETWORK = with_se(
    "large", Facts(5_483_032, 216_589_760, {"after": 8, "replace": 15, "fuse": 10}, "counts of torchvision")
)

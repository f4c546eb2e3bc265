"""ResNet-152 v1.5: bottlenecks with the stride in the 3x3, as today's released weights have it."""

from attnprof.networks._resnet_places import bottleneck

NETWORK = bottleneck("resnet152", 3, 8, 36, 3, params=60_192_808, macs=11_513_626_624)

"""ResNet-101 v1.5: bottlenecks with the stride in the 3x3, as today's released weights have it."""

from attnprof.networks._resnet_places import bottleneck

NETWORK = bottleneck("resnet101", 3, 4, 23, 3, params=44_549_160, macs=7_801_405_440)

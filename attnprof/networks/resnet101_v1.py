"""ResNet-101 v1: bottlenecks with the stride in the first 1x1, as in the paper and in many tables."""

from attnprof.networks._resnet_places import bottleneck

NETWORK = bottleneck("resnet101_v1", 3, 4, 23, 3, params=44_549_160, macs=7_570_194_432, first=True)

"""ResNet-50 v1: bottlenecks with the stride in the first 1x1, as in the paper and in many tables."""

from attnprof.networks._resnet_places import bottleneck

NETWORK = bottleneck("resnet50_v1", 3, 4, 6, 3, params=25_557_032, macs=3_857_973_248, first=True)

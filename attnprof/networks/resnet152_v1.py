"""ResNet-152 v1: bottlenecks with the stride in the first 1x1, as in the paper and in many tables."""

from attnprof.networks._resnet_places import bottleneck

NETWORK = bottleneck("resnet152_v1", 3, 8, 36, 3, params=60_192_808, macs=11_282_415_616, first=True)

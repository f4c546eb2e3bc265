"""ResNet-101 v1.5: bottlenecks with the stride in the 3x3, as today's released weights have it."""

from attnprof.hosts._resnet_places import bottleneck

HOST = bottleneck("resnet101", 3, 4, 23, 3)

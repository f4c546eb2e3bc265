"""ResNet-50 v1.5: bottlenecks with the stride in the 3x3, as today's released weights have it."""

from attnprof.networks._resnet_places import bottleneck

NETWORK = bottleneck("resnet50", 3, 4, 6, 3, params=25_557_032, macs=4_089_184_256)

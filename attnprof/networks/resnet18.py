"""ResNet-18: basic blocks."""

from attnprof.networks._resnet_places import basic

NETWORK = basic("resnet18", 2, 2, 2, 2, params=11_689_512, macs=1_814_073_344)

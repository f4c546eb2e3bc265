"""ResNet-34: basic blocks."""

from attnprof.networks._resnet_places import basic

NETWORK = basic("resnet34", 3, 4, 6, 3, params=21_797_672, macs=3_663_761_408)

"""ResNet-18: basic blocks."""

from attnprof.hosts._resnet_places import basic

HOST = basic("resnet18", 2, 2, 2, 2)

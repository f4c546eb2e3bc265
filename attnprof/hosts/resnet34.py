"""ResNet-34: basic blocks."""

from attnprof.hosts._resnet_places import basic

HOST = basic("resnet34", 3, 4, 6, 3)

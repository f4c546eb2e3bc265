"""VGG-16 without norms, as published."""

from attnprof.networks._vgg_places import vgg16

NETWORK = vgg16("vgg16", False, params=138_357_544, macs=15_470_264_320)

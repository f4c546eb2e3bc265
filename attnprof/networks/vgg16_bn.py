"""VGG-16 with BatchNorm behind every convolution."""

from attnprof.networks._vgg_places import vgg16

NETWORK = vgg16("vgg16_bn", True, params=138_365_992, macs=15_470_264_320)

"""YOLOv8s: a detector of half of the widths, 32 to 512 channels."""

from attnprof.networks._yolov8_places import yolov8

NETWORK = yolov8("s", 0.5, params=11_166_544, macs=14_300_774_400)

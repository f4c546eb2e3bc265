"""YOLOv8n: a detector of a quarter of the widths, 16 to 256 channels."""

from attnprof.networks._yolov8_places import yolov8

NETWORK = yolov8("n", 0.25, params=3_157_184, macs=4_371_456_000)

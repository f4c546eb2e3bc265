"""The (channels, height, width) pairs that occur in well-known networks, so that a grid asks about real places."""

from dataclasses import dataclass

Point = tuple[int, int, int]


@dataclass(frozen=True)
class Preset:
    """Where the pairs come from, in words, and the pairs: (channels, height, width)."""

    says: str
    points: tuple[Point, ...]


def _square(*pairs: tuple[int, int]) -> tuple[Point, ...]:
    return tuple((channels, side, side) for channels, side in pairs)


PRESETS = {
    "resnet50": Preset(
        "ResNet-50 at 224x224: after the 3x3 convolution of each stage's blocks, then before the addition",
        _square((64, 56), (128, 28), (256, 14), (512, 7), (256, 56), (512, 28), (1024, 14), (2048, 7)),
    ),
    "mobilenetv2": Preset(
        "MobileNetV2 1.0 at 224x224: after the depthwise convolutions, then at the blocks' outputs",
        _square(
            (32, 112), (96, 56), (144, 56), (144, 28), (192, 28), (192, 14), (384, 14), (576, 14), (576, 7), (960, 7)
        )
        + _square((16, 112), (24, 56), (32, 28), (64, 14), (96, 14), (160, 7), (320, 7)),
    ),
    "yolo-n": Preset(
        "YOLOv8n at 640x640: the stem and the four stages' outputs, P3 to P5 the last three",
        _square((16, 320), (32, 160), (64, 80), (128, 40), (256, 20)),
    ),
    "yolo-s": Preset(
        "YOLOv8s at 640x640: the stem and the four stages' outputs, P3 to P5 the last three",
        _square((32, 320), (64, 160), (128, 80), (256, 40), (512, 20)),
    ),
}

"""Points of the grid, (channels, height, width): their notation, and those of well-known networks."""

from dataclasses import dataclass
from typing import Any

Point = tuple[int, int, int]
LARGEST = 8192  # of a channel count or a map's side
IMAGE_CHANNELS = 3  # of the input that networks usually take


def whole_number(value: Any, largest: int, word: str) -> int:
    """``value`` as a whole number from 1 to ``largest``. Raises ValueError: it is not ``word``."""
    try:
        number = value if type(value) is int else int(str(value), 10)
    except ValueError:
        number = 0
    if not 1 <= number <= largest:
        raise ValueError(f"{value} is not {word} (1..{largest})")
    return number


def parse_res(value: Any) -> tuple[int, int]:
    """(height, width) of '56' or '28x40'. Raises ValueError."""
    if isinstance(value, tuple) and len(value) == 2:
        return _side(value[0]), _side(value[1])
    height, cross, width = str(value).partition("x")
    return _side(height, value), _side(width if cross else height, value)


def _side(value: Any, shown: Any = None) -> int:
    try:
        return whole_number(value, LARGEST, "a size")
    except ValueError:
        text = value if shown is None else shown
        raise ValueError(f"{text} is not a size; write 56 or 28x40 (1..{LARGEST})") from None


def parse_point(value: Any) -> Point:
    """(channels, height, width) of '64@56' or '256@28x40'. Raises ValueError."""
    if isinstance(value, tuple) and len(value) == 3:
        return (whole_number(value[0], LARGEST, "a number of channels"), *parse_res(value[1:]))
    channels, separator, size = str(value).partition("@")
    if not separator:
        raise ValueError(f"{value!r} is not a point; write 64@56 or 256@28x40")
    return (whole_number(channels, LARGEST, "a number of channels"), *parse_res(size))


def show_res(value: tuple[int, int]) -> str:
    """'56' or '28x40'."""
    return str(value[0]) if value[0] == value[1] else f"{value[0]}x{value[1]}"


def show_input(point: Point) -> str:
    """The input of a network: '224x224', and with its channels where they are not three, '1x98x98'."""
    channels, *sides = point
    return "x".join(map(str, sides if channels == IMAGE_CHANNELS else point))


@dataclass(frozen=True)
class Preset:
    """The points of a well-known network."""

    description: str
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
            (32, 112),
            (96, 56),
            (144, 56),
            (144, 28),
            (192, 28),
            (192, 14),
            (384, 14),
            (576, 14),
            (576, 7),
            (960, 7),
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

"""The places of YOLOv8, and its Network entries; no torch."""

from attnprof.networks import Facts, NamedPlace, Network

PLACES = {
    "after_neck": NamedPlace(
        "after",
        ("neck.fine", "neck.middle", "neck.coarse"),
        "at the three ends of the neck, before the heads",
    ),
    "after_sppf": NamedPlace("after", ("sppf",), "at the end of the backbone"),
    "after_stage": NamedPlace("after", ("stages.*",), "after every stage of the backbone"),
    "after_block": NamedPlace(
        "after",
        ("stages.*.c2f.blocks.*", "neck.*.blocks.*"),
        "after every residual block in the C2f of backbone and neck",
    ),
    "replace_conv2": NamedPlace(
        "replace",
        ("stages.*.c2f.blocks.*.conv2.conv", "neck.*.blocks.*.conv2.conv"),
        "in place of the second 3x3 convolution of every residual block",
    ),
}


def yolov8(size: str, width: float, *, params: int, macs: int) -> Network:
    """YOLOv8 of the size n or s, which repeat blocks equally often.

    width: share of the widths. params, macs: of its Facts.
    """
    return Network(
        title=f"YOLOv8{size}",
        paper=None,
        constructor="attnprof.networks._yolov8:YOLOv8",
        arguments={"width": width},
        entry_names=(f"yolov8{size}", "yolov8"),
        stages=(*(f"stages.{n}" for n in range(4)), "sppf", "neck", "heads"),
        places=PLACES,
        default_places={"after": "after_neck", "replace": "replace_conv2", "self-attention": "after_sppf"},
        facts=Facts(
            params,
            macs,
            {"after": 3, "replace": 10, "self-attention": 1},
            "counts of ultralytics without DFL; by hand",
        ),
        input=(3, 640, 640),
        multiple=32,
        sized_by=("channels",),
    )

"""Attends between all positions, or within bands of the map, in the form that real-time detectors use.

    conv: convolution without bias, then BN;    heads of d = C/heads, keys of e = int(d*attn_ratio)
    [q, k, v] = conv1x1(x)                      head by head: e, e and d channels
    the H*W positions, row by row, in `area` equal parts; in each, by itself:
        out = softmax over m of q_p . k_m / sqrt(e) times v
    y = conv1x1(out + depthwise conv k x k (v)) heads side by side

The defaults are YOLOv10's position-sensitive attention (PSA): heads of 64, attn_ratio 0.5, k = 3.
variant area: YOLOv12's area attention, heads of 32, attn_ratio 1, k = 7, four areas; area1: one.

YOLOv10: Real-Time End-to-End Object Detection. Ao Wang et al., NeurIPS 2024, arXiv:2405.14458.
YOLOv12: Attention-Centric Real-Time Object Detectors. Yunjie Tian et al., arXiv 2025, arXiv:2502.12524.
Official code: THU-MIG/yolov10, sunsmarterjie/yolov12; ported as in ultralytics.
"""

from attnprof.modules._yolo import AreaAttention

ENTRY = {
    "class": "YOLOAttention",
    "name": "YOLO position-sensitive and area attention",
    "paper": {
        "title": "YOLOv10: Real-Time End-to-End Object Detection",
        "author": "Ao Wang",
        "venue": "NeurIPS",
        "year": 2024,
        "arxiv": "2405.14458",
    },
    "code": "THU-MIG/yolov10",
    "family": "self-attention",
    "place": "after",
    "related": ["yolov10", "yolo10", "yolo11", "yolo12", "yolov12", "area-attention", "aattn", "yolo-psa"],
    "where": {
        "groups": "C // head_channels if heads is None else heads",
        "keys": "groups*int(C // groups*attn_ratio)",
    },
    "params": "C*(2*C + 2*keys + kernel_size**2) + 2*(3*C + 2*keys)",
    "macs": "N*C*(2*C + 2*keys + kernel_size**2) + N*(N // area)*(keys + C)",
    "limits": [
        ["heads is None or heads > 0", "heads must be positive, not {heads}"],
        ["head_channels > 0", "head_channels must be positive, not {head_channels}"],
        [
            "heads is not None or C % head_channels == 0",
            "without heads, channels must be a multiple of the head_channels = {head_channels}",
        ],
        ["heads is None or C % heads == 0", "channels must be a multiple of the heads = {heads}"],
        ["keys > 0", "attn_ratio = {attn_ratio} leaves the keys no channel"],
        [
            "kernel_size > 0 and kernel_size % 2 == 1",
            "kernel_size must be odd and positive, not {kernel_size}",
        ],
        ["area > 0", "area must be positive, not {area}"],
        ["N % area == 0", "the number of positions must be a multiple of the areas = {area}"],
        ["not train or batch*N > 1", "training needs more than one value per channel for BatchNorm"],
    ],
    "variants": {
        "area": {"head_channels": 32, "attn_ratio": 1.0, "kernel_size": 7, "area": 4},
        "area1": {"head_channels": 32, "attn_ratio": 1.0, "kernel_size": 7},
    },
    "deviations": [
        "Follows the ultralytics package, which holds both; not the authors' own repositories.",
        "Areas are cut from the positions row by row: bands of the map, which may end within a row.",
        "A BatchNorm follows every convolution, and none has a bias.",
        "The feed-forward layers and residuals around it are left out; c2psa and a2c2f are the whole blocks.",
    ],
}


class YOLOAttention(AreaAttention):
    """Attention of YOLOv10 and YOLOv12: (N, C, H, W) to the same shape.

    channels: C. heads: unless given, C // head_channels. head_channels: d. attn_ratio: width of a head's queries and
    keys as a share of d. kernel_size: k, of the depthwise convolution. area: parts of the map that attend separately.
    """

    def __init__(
        self,
        channels: int,
        *,
        heads: int | None = None,
        head_channels: int = 64,
        attn_ratio: float = 0.5,
        kernel_size: int = 3,
        area: int = 1,
    ) -> None:
        heads = channels // head_channels if heads is None else heads
        super().__init__(channels, heads, attn_ratio, kernel_size, area)

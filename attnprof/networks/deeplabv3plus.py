"""DeepLabV3+ on ResNet-50, whose output is 1/16 of the image."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, NamedPlace, Network

NETWORK = Network(
    title="DeepLabV3+",
    paper=Paper(
        "Encoder-Decoder with Atrous Separable Convolution for Semantic Image Segmentation",
        "Liang-Chieh Chen",
        "ECCV",
        2018,
        arxiv="1802.02611",
    ),
    constructor="attnprof.networks._deeplab:DeepLabV3Plus",
    entry_names=("deeplabv3plus",),
    stages=(*(f"backbone.layer{n}" for n in range(1, 5)), "aspp", "low", "decoder"),
    places={
        "after_aspp": NamedPlace("after", ("aspp",), "behind the pyramid, before the decoder"),
        "after_low": NamedPlace("after", ("low",), "on the fine map of 48 channels, before the decoder"),
        "after_decoder": NamedPlace("after", ("decoder",), "at the end of the decoder, before the scores"),
        "after_stage": NamedPlace(
            "after", tuple(f"backbone.layer{n}" for n in range(1, 5)), "after every stage of the backbone"
        ),
        "after_bn3": NamedPlace(
            "after",
            ("backbone.layer*.*.bn3",),
            "at the end of every block of the backbone, before the addition",
        ),
        "fuse_add": NamedPlace(
            "fuse",
            ("backbone.layer*.*.add",),
            "in place of the addition of every block of the backbone and its shortcut",
        ),
        "replace_conv2": NamedPlace(
            "replace",
            ("backbone.layer*.*.conv2",),
            "in place of the 3x3 convolution of every block of the backbone",
        ),
    },
    default_places={"after": "after_aspp", "replace": "replace_conv2", "fuse": "fuse_add"},
    place_aliases={"before_addition": "after_bn3"},
    facts=Facts(
        40_352_181,
        72_194_808_256,
        {"after": 1, "replace": 16, "fuse": 16},
        "counts by hand; backbone and ASPP of torchvision",
    ),
    input=(3, 513, 513),
    sized_by=("channels",),
)

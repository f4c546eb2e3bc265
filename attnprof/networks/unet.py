"""U-Net, padded and with norms: 64 to 1024 channels, transposed convolutions."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, NamedPlace, Network

NETWORK = Network(
    title="U-Net",
    paper=Paper(
        "U-Net: Convolutional Networks for Biomedical Image Segmentation",
        "Olaf Ronneberger",
        "MICCAI",
        2015,
        arxiv="1505.04597",
    ),
    constructor="attnprof.networks._unet:UNet",
    entry_names=("unet",),
    stages=(*(f"levels.{n}" for n in range(4)), "bridge"),
    places={
        "after_skip": NamedPlace(
            "after", ("levels.*.skip",), "in the four skips, between encoder and concatenation"
        ),
        "fuse_skip": NamedPlace(
            "fuse",
            ("levels.*.gate",),
            "in the four skips, given the map from below, which is joined to the result",
        ),
        "after_encode": NamedPlace(
            "after", ("levels.*.encode", "bridge"), "behind both convolutions of each level and of the bridge"
        ),
        "after_decode": NamedPlace("after", ("levels.*.decode",), "behind both convolutions on the way up"),
        "after_bridge": NamedPlace("after", ("bridge",), "at the lowest level"),
        "replace_conv2": NamedPlace(
            "replace",
            ("levels.*.encode.conv2", "bridge.conv2", "levels.*.decode.conv2"),
            "in place of the second 3x3 convolution of every pair",
        ),
    },
    default_places={
        "after": "after_skip",
        "replace": "replace_conv2",
        "self-attention": "after_bridge",
        "fuse": "fuse_skip",
    },
    place_aliases={"after_stage": "after_encode"},
    facts=Facts(
        31_037_698,
        48_171_581_440,
        {"after": 4, "replace": 9, "self-attention": 1, "fuse": 4},
        "counts by hand; layers of milesial/Pytorch-UNet",
    ),
    input=(3, 256, 256),
    multiple=16,
    sized_by=("channels",),
)

"""Swin-T: windows of 7x7 at four sizes, 96 to 768 channels; its window attention is a place."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, NamedPlace, Network

NETWORK = Network(
    title="Swin-T",
    paper=Paper(
        "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows",
        "Ze Liu",
        "ICCV",
        2021,
        arxiv="2103.14030",
    ),
    constructor="attnprof.networks._swin:Swin",
    arguments={"channels": 96, "blocks": (2, 2, 6, 2)},
    entry_names=("swin_tiny", "swin"),
    stages=tuple(f"stages.{n}" for n in range(4)),
    places={
        "replace_attention": NamedPlace(
            "replace", ("stages.*.blocks.*.attention",), "in place of the window attention of every block"
        ),
        "after_attention": NamedPlace(
            "after",
            ("stages.*.blocks.*.attention",),
            "behind the window attention of every block, before its addition",
        ),
        "after_mlp": NamedPlace(
            "after", ("stages.*.blocks.*.mlp",), "at the end of every block's MLP, before the addition"
        ),
        "after_gelu": NamedPlace(
            "after",
            ("stages.*.blocks.*.mlp.gelu",),
            "between the two layers of every MLP, where it is four times as wide",
        ),
        "after_block": NamedPlace("after", ("stages.*.blocks.*",), "after every block and its additions"),
        "after_stage": NamedPlace("after", ("stages.*",), "after the last block of every stage"),
    },
    default_places={
        "after": "after_mlp",
        "replace": "replace_attention",
        "self-attention": "replace_attention",
    },
    place_aliases={"before_addition": "after_mlp"},
    facts=Facts(
        28_288_354,
        4_490_566_656,
        {"after": 12, "replace": 12, "self-attention": 12},
        "counts of timm",
    ),
    multiple=224,
    sized_by=("height", "width"),
)

"""Swin-T: windows of 7x7 at four sizes, 96 to 768 channels; its window attention is a place."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, NamedPlace, Network
from attnprof.networks._transformer_places import DEFAULT_PLACES, block_places

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
    entry_names=("swin_tiny", "swin_t", "swin"),
    stages=tuple(f"stages.{n}" for n in range(4)),
    places={
        **block_places("stages.*.blocks.*", "window attention"),
        "after_stage": NamedPlace("after", ("stages.*",), "after the last block of every stage"),
    },
    default_places=DEFAULT_PLACES,
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

"""ViT-S/16 without a class token: 12 blocks of 384 channels on 14x14 tokens; its attention is a place."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, Network
from attnprof.networks._transformer_places import DEFAULT_PLACES, block_places

NETWORK = Network(
    title="ViT-S/16",
    paper=Paper(
        "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale",
        "Alexey Dosovitskiy",
        "ICLR",
        2021,
        arxiv="2010.11929",
    ),
    constructor="attnprof.networks._vit:ViT",
    arguments={"channels": 384, "heads": 6, "depth": 12},
    entry_names=("vit_small_16", "vit"),
    stages=("blocks",),
    places=block_places("blocks.*", "self-attention"),
    default_places=DEFAULT_PLACES,
    place_aliases={"before_addition": "after_mlp"},
    facts=Facts(
        22_049_896,
        4_574_026_752,
        {"after": 12, "replace": 12, "self-attention": 12},
        "counts of timm with the tokens' mean in place of a class token",
    ),
    multiple=16,
    sized_by=("height", "width"),
)

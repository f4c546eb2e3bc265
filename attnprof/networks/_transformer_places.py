"""Places in the blocks of a transformer; no torch."""

from collections.abc import Mapping

from attnprof.networks import NamedPlace

DEFAULT_PLACES = {
    "after": "after_mlp",
    "replace": "replace_attention",
    "self-attention": "replace_attention",
}


def block_places(blocks: str, attention: str) -> Mapping[str, NamedPlace]:
    """Of the blocks at the pattern ``blocks``. attention: what theirs is called."""
    return {
        "replace_attention": NamedPlace(
            "replace", (f"{blocks}.attention",), f"in place of the {attention} of every block"
        ),
        "after_attention": NamedPlace(
            "after", (f"{blocks}.attention",), f"behind the {attention} of every block, before its addition"
        ),
        "after_mlp": NamedPlace(
            "after", (f"{blocks}.mlp",), "at the end of every block's MLP, before the addition"
        ),
        "after_gelu": NamedPlace(
            "after",
            (f"{blocks}.mlp.gelu",),
            "between the two layers of every MLP, where it is four times as wide",
        ),
        "after_block": NamedPlace("after", (blocks,), "after every block and its additions"),
    }

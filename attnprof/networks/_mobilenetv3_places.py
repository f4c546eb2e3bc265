"""The places of the MobileNetV3s, and their Network entries; no torch."""

from attnprof.catalogue.entry import Paper
from attnprof.networks import Facts, NamedPlace, Network
from attnprof.networks._mobile_places import ADDITIONS, EVERYWHERE, replace_se, stages

PAPER = Paper("Searching for MobileNetV3", "Andrew Howard", "ICCV", 2019, arxiv="1905.02244")
STAGES = {"large": 6, "small": 5}
SE_STAGES = {"large": (2, 4, 5), "small": (0, 2, 3, 4)}  # from 0: those whose blocks have SE, as published


def with_se(size: str, facts: Facts) -> Network:
    """MobileNetV3 as published: a module goes in place of each SE. size: large or small."""
    return Network(
        title=f"MobileNetV3-{size.capitalize()}",
        paper=PAPER,
        constructor="attnprof.networks._mobilenetv3:MobileNetV3",
        arguments={"large": size == "large"},
        entry_names=(f"mobilenetv3_{size}", "mobilenetv3"),
        stages=stages(STAGES[size]),
        places={"replace_se": replace_se(*SE_STAGES[size]), **EVERYWHERE, **ADDITIONS},
        default_places={"after": "replace_se", "replace": "replace_depthwise", "fuse": "fuse_add"},
        place_aliases={"before_addition": "after_project"},
        facts=facts,
    )


def without_se(size: str, facts: Facts) -> Network:
    """MobileNetV3 without its SE: a module goes where each SE was. size: large or small."""
    patterns = tuple(f"stages.{stage}.*.depthwise" for stage in SE_STAGES[size])
    where = NamedPlace(
        "after", patterns, "where the published network has SE: behind depthwise, norm and activation"
    )
    return Network(
        title=f"MobileNetV3-{size.capitalize()} without SE",
        paper=PAPER,
        constructor="attnprof.networks._mobilenetv3:MobileNetV3",
        arguments={"large": size == "large", "se": False},
        entry_names=(f"mobilenetv3_{size}_no_se",),
        stages=stages(STAGES[size]),
        places={"where_se_was": where, **EVERYWHERE, **ADDITIONS},
        default_places={"after": "where_se_was", "replace": "replace_depthwise", "fuse": "fuse_add"},
        place_aliases={"before_addition": "after_project"},
        facts=facts,
    )

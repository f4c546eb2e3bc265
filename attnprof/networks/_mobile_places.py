"""The places of networks of inverted residuals, with blocks named stages.S.B; no torch."""

from attnprof.networks import NamedPlace

EVERYWHERE = {
    "after_depthwise": NamedPlace(
        "after",
        ("stages.*.*.depthwise",),
        "behind the depthwise convolution of every block, norm and activation",
    ),
    "after_project": NamedPlace(
        "after", ("stages.*.*.project",), "at the end of every block, before the addition"
    ),
    "replace_depthwise": NamedPlace(
        "replace", ("stages.*.*.depthwise.conv",), "in place of the depthwise convolution of every block"
    ),
    "after_stage": NamedPlace("after", ("stages.*",), "after the last block of every stage"),
}
ADDITIONS = {
    "fuse_add": NamedPlace(
        "fuse", ("stages.*.*.add",), "in place of the addition of every block that adds its input"
    ),
}


def replace_se(*numbers: int) -> NamedPlace:
    """In place of SE. numbers: the stages, from 0, whose blocks have it; in each all of them."""
    patterns = tuple(f"stages.{number}.*.se" for number in numbers)
    return NamedPlace("replace", patterns, "in place of the SE of every block that has one")


def stages(count: int) -> tuple[str, ...]:
    """The patterns of so many stages."""
    return tuple(f"stages.{number}" for number in range(count))

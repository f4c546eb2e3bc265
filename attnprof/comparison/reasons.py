"""Why a published figure may not come out: what the source itself says of it, one small function each."""

from collections.abc import Callable
from decimal import Decimal

from attnprof.comparison.printed import prints_as
from attnprof.published import PublishedFigure, figures, network_key


def copied(figure: PublishedFigure) -> str:
    """The source took the figure from elsewhere, and did not count it."""
    words = f"{figure.flops_convention} {figure.setting}".lower()
    return "copied by the source from another table" if "copied" in words else ""


def printed_elsewhere(figure: PublishedFigure) -> str:
    """The source does not say how it counts, and another prints the same, with as many digits or more."""
    found = [
        each
        for each in figures()
        if (each.module, network_key(each.network)) == (figure.module, network_key(figure.network))
        and each.title != figure.title
        and len(each.params) >= len(figure.params) > 0
        and prints_as(Decimal(each.params), figure.params)
        and figure.flops in ("", each.flops)
    ]
    return f"taken from {found[0].cited}, it seems" if found and not figure.flops_convention else ""


def another_network(figure: PublishedFigure) -> str:
    """More than the module was changed."""
    if "also changed" in figure.insertion:
        return f"the network is another: {figure.insertion.partition(';')[2].strip()}"
    return f"the module is another: {figure.setting}" if figure.setting.startswith("modified") else ""


def wider_block(figure: PublishedFigure) -> str:
    """The block was widened around the module."""
    return f"{figure.setting}: its blocks are wider" if "Large" in figure.setting else ""


def split_block(figure: PublishedFigure) -> str:
    """The module is half of a block that is split in two, which no insertion does."""
    return (
        "the source splits every block in two and puts the module into one half"
        if figure.module == "sc"
        else ""
    )


def placed_otherwise(figure: PublishedFigure) -> str:
    """The source says less of the place than it takes."""
    words = (
        "inserted blocks",
        "replaces conv by",
        "replaces 3x3 conv by conv",
        "replaces conv in basic block",
    )
    return (
        f"where, and how wide, is not stated: {figure.insertion}"
        if figure.insertion.startswith(words)
        else ""
    )


REASONS: tuple[Callable[[PublishedFigure], str], ...] = (
    copied,
    another_network,
    wider_block,
    split_block,
    placed_otherwise,
    printed_elsewhere,
)


def reason(figure: PublishedFigure) -> str:
    """The first reason that is known; empty where none is."""
    return next((text for each in REASONS if (text := each(figure))), "")

"""Why a published figure may differ from ours: one small function per reason, from what its source says."""

from collections.abc import Callable
from decimal import Decimal

from attnprof.comparison.printed import prints_as
from attnprof.published import PublishedFigure, figures, network_key


def copied(figure: PublishedFigure) -> str:
    """The source took the figure from elsewhere, and did not count it."""
    words = f"{figure.flops_convention} {figure.setting}".lower()
    return "copied by the source from another table" if "copied" in words else ""


def printed_elsewhere(figure: PublishedFigure) -> str:
    """The source does not say how it counts, and another source prints the same."""
    if figure.flops_convention:
        return ""
    source = next((other for other in figures() if _prints_the_same(other, figure)), None)
    return f"taken from {source.cited}, it seems" if source else ""


def _prints_the_same(other: PublishedFigure, figure: PublishedFigure) -> bool:
    """Whether another source has the figure of the same network and module, with as many digits or more."""
    of_same_module = (other.module, network_key(other.network)) == (
        figure.module,
        network_key(figure.network),
    )
    if not of_same_module or other.title == figure.title or not figure.params:
        return False
    if len(other.params) < len(figure.params) or figure.flops not in ("", other.flops):
        return False
    return prints_as(Decimal(other.params), figure.params)


def another_network(figure: PublishedFigure) -> str:
    """More than the module was changed."""
    if "also changed" in figure.insertion:
        return f"a different network: {figure.insertion.partition(';')[2].strip()}"
    return f"a different module: {figure.setting}" if figure.setting.startswith("modified") else ""


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
    """The source does not say enough about the place."""
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
    """The first reason that applies; empty where none does."""
    texts = (reason_of(figure) for reason_of in REASONS)
    return next(filter(None, texts), "")

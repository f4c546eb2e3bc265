"""The list of networks that modules are inserted in. Each states its figures: nothing here imports torch."""

from collections.abc import Mapping
from typing import Any

from attnprof.catalogue.entry import Paper
from attnprof.grid import Point
from attnprof.networks import IMAGE, Network
from attnprof.views.document import Document, TableCell, TableColumn

COLUMNS = (
    TableColumn("network", "network", right=False),
    TableColumn("params", "params", "count"),
    TableColumn("macs", "MACs", "count"),
    TableColumn("default_place", "default places", right=False),
)
BELOW = (
    "default places: where a module goes without --at (after a part of the network, or in place of one), and"
    " how many of these there are. fuse_...: for modules of two maps. Any other third place is for"
    " self-attention.",
    "What a module costs in one of them: attnprof host NAME --insert MODULE",
)


def listing(networks: Mapping[str, Network]) -> Document:
    """The networks by name, a row for each default place.

    The sources are numbered, and stand in full below the table and in the records.
    """
    numbers: dict[str, int] = {}
    for network in networks.values():
        numbers.setdefault(source_of(network), len(numbers) + 1)
    return Document(
        columns=COLUMNS,
        rows=[
            row
            for name, network in networks.items()
            for row in _rows(name, network, numbers[source_of(network)])
        ],
        footnotes=[f"[{number}] {source}" for source, number in numbers.items()],
        below=[f"{len(networks)} networks. {_counted(networks)}", *BELOW],
        records=lambda: [_record(*each) for each in networks.items()],
        data=lambda: {"schema": 1, "networks": [_data(*each) for each in networks.items()]},
    )


def _counted(networks: Mapping[str, Network]) -> str:
    """What the MACs are of, with the networks that are called with another input than most."""
    others = [
        f"{name} {_text(network.input)}" for name, network in networks.items() if network.input != IMAGE
    ]
    exceptions = f" ({', '.join(others)})" if others else ""
    return (
        f"MACs of one image of {_text(IMAGE)}{exceptions}: multiply-accumulates of convolution, linear,"
        " matmul; exact."
    )


def _text(point: Point) -> str:
    """'3x224x224'."""
    return "x".join(map(str, point))


def _rows(name: str, network: Network, number: int) -> list[list[TableCell]]:
    """The figures beside the first default place, the other places below it."""
    facts = network.facts
    counts = (facts.params, facts.macs) if facts else (None, None)
    figures = [TableCell(name, note=f"[{number}]"), *map(TableCell, counts)]
    first, *others = _places(network) or [""]
    blank = [TableCell()] * len(figures)
    return [[*figures, TableCell(first or None)], *([*blank, TableCell(other)] for other in others)]


def _places(network: Network) -> list[str]:
    """The default places in words: '16 after_bn3'."""
    return [f"{'' if count is None else count:>2} {place}" for place, count in _sites(network).items()]


def source_of(network: Network) -> str:
    """The paper, and whose figures are the same."""
    paper = network.paper
    parts = [f"{paper.author} et al., {paper.venue} {paper.year}", _address(paper)] if paper else []
    facts = [network.facts.source] if network.facts else []
    return "; ".join(filter(None, [", ".join(filter(None, parts)), *facts])) or "no source"


def _address(paper: Paper) -> str:
    return f"arXiv:{paper.arxiv}" if paper.arxiv else paper.url


def _sites(network: Network) -> dict[str, int | None]:
    """How many submodules each default place has; None where the network does not say."""
    counts = network.facts.sites if network.facts else {}
    return {place: counts.get(relation) for relation, place in network.default_places.items()}


def _record(name: str, network: Network) -> dict[str, Any]:
    places = ", ".join(f"{place}: {count}" for place, count in _sites(network).items())
    return {**_data(name, network), "default_places": places}


def _data(name: str, network: Network) -> dict[str, Any]:
    facts = network.facts
    return {
        "network": name,
        "title": network.title,
        "params": facts.params if facts else None,
        "macs": facts.macs if facts else None,
        "input": _text(network.input),
        "default_places": _sites(network),
        "source": source_of(network),
    }

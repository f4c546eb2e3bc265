"""A run's exact counts held to published figures: which way of counting gives the printed digits.

The figures that one table has of one family of networks were counted alike. They get one way of counting
together (unit, rules, version of the network): the one that gives most of their digits, the simplest among
equals. Only that way may explain them: with enough ways for each row alone, any two digits come out. A way
that gives no more than half of the rows without a reason to differ explains nothing.
"""

import json
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, cached_property
from itertools import product
from typing import Any

from attnprof.comparison.conventions import MACS, OURS, PARAMS, Convention, Operations, ParamsConvention
from attnprof.comparison.printed import DECIMAL, UNITS, Unit, cuts_to, prints_as
from attnprof.comparison.reasons import reason
from attnprof.comparison.stated import may_be
from attnprof.errors import RunFolderError, UsageError
from attnprof.networks import NETWORKS, PLAIN, network_named
from attnprof.published import PublishedFigure, network_key

REPRODUCED, EXPLAINED, NOT, ABSENT = "reproduced", "explained", "not reproduced", "not in this run"
UNSEEN = (
    "the module's pooling not seen"  # its source wrote it as function calls, which its tool does not count
)
MAPS_UNSEEN = "pooling of whole maps not seen"  # the same, of a plain network
ONCE = "the module's pooling as one operation per channel"
V1 = "v1"  # how our name of a network's first version ends
NEEDED = ("params", "leaf_params", "channel_pairs", "macs", "operators")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Way:
    """A way to count a network."""

    macs: Convention = OURS
    params: ParamsConvention = PARAMS[0]
    unit: Unit = DECIMAL
    version: str = ""  # of the network, as our name of it ends: 'v1'
    pooling: str = ""  # how it is counted, where that is open for each row: UNSEEN, MAPS_UNSEEN or ONCE

    @property
    def says(self) -> list[str]:
        """What differs from ours, in words."""
        version = {"": "", V1: "strides in the first 1x1 (v1)"}.get(self.version, self.version)
        texts = version, self.macs.says, self.pooling, self.params.says, self.unit.says
        return [text for text in texts if text]


PLAINLY = Way()


@dataclass(frozen=True)
class CountedRow:
    """A row of the run, with what ran in it and in the plain network."""

    row: Row
    operations: Operations
    plain: Operations

    def may_be(self, figure: PublishedFigure) -> bool:
        """Whether the module has the settings that the source of ``figure`` states."""
        changed = re.findall(r"(\w+)=", str(self.row["variant"]))
        return may_be(figure.setting, json.loads(self.row["hyperparameters"]), changed)

    @cached_property
    def version(self) -> str:
        """The end of the network's name: 'v1' of resnet50_v1."""
        return V1 if str(self.row["host"]).endswith(f"_{V1}") else ""

    def figures(self, way: Way) -> tuple[Decimal, Decimal]:
        """Params and MACs as ``way`` counts them, in its unit."""
        macs = way.macs.count(self.operations, self._pools(way.pooling))
        return way.unit.params(way.params.count(self.operations)), way.unit.macs(macs)

    def poolings(self, convention: Convention) -> tuple[str, ...]:
        """The ways to count this row's pooling that ``convention`` leaves open, the usual one first."""
        if not convention.pools:
            return ("",)
        if self.row["module"] == PLAIN:
            return "", MAPS_UNSEEN
        return ("", UNSEEN, ONCE) if convention.once else ("", UNSEEN)

    def _pools(self, pooling: str) -> Operations:
        """The operators whose pooling counts."""
        if pooling == MAPS_UNSEEN:
            return self.operations.without_pooling_of_maps()
        if pooling == ONCE:
            return self.plain.with_pooling_once(self.operations)
        return self.plain if pooling else self.operations

    def makes(self, figure: PublishedFigure, way: Way) -> bool:
        """Whether params and FLOPs come out as ``figure`` prints them."""
        params, macs = self.figures(way)
        return (not figure.params or prints_as(params, figure.params)) and (
            not figure.flops or prints_as(macs, figure.flops)
        )


@dataclass(frozen=True)
class PublishedVerdict:
    """Whether a published figure comes out, and how."""

    figure: PublishedFigure
    kind: str  # REPRODUCED, EXPLAINED, NOT or ABSENT
    counted: CountedRow | None = None  # the row that gives it, or comes closest; None where there is none
    way: Way = PLAINLY  # how it was counted
    why: str = ""  # the reason, where it is not reproduced or absent

    @property
    def says(self) -> list[str]:
        """What gives the digits, in words: the way of counting, and settings other than the default."""
        if self.counted is None:
            return []
        operations, variant = self.counted.operations, str(self.counted.row["variant"])
        idle = self.way.params.says if operations.params == operations.leaf_params else ""
        return [*(text for text in self.way.says if text != idle), *([variant] if variant else [])]


@dataclass(frozen=True)
class Table:
    """The verdicts on the figures that one source counted alike, and how."""

    title: str
    source: str
    way: Way
    verdicts: tuple[PublishedVerdict, ...]


def compare(rows: Iterable[Row], figures: Iterable[PublishedFigure]) -> list[Table]:
    """Hold ``figures`` to the rows of a run, table by table, in the order of the figures.

    Only figures of networks and sizes that the run has are judged, and of the catalogue's modules. Raises
    RunFolderError for a run without the metrics it takes.
    """
    rows = [row for row in rows if row.get("host") in NETWORKS.names() and row.get("batch", 1) == 1]
    counted, refusals = _counted(rows), _refusals(rows)
    sizes = {str(row.row["network_input"]) for row in counted}
    networks = frozenset[str]().union(*(_keys_of(row["host"]) for row in rows))
    tables: dict[tuple[str, ...], list[PublishedFigure]] = {}
    for figure in figures:
        if _can_be_judged(figure, networks, sizes):
            family = re.split(r"\d", network_key(figure.network))[0]
            key = figure.title, figure.source, figure.flops_convention, family
            tables.setdefault(key, []).append(figure)
    return [_table(key[0], key[1], group, counted, refusals) for key, group in tables.items()]


@cache
def _keys_of(host: str) -> frozenset[str]:
    """What tables may call the network ``host`` of the registry, as ``network_key`` has it."""
    return frozenset(map(network_key, network_named(host).entry_names))


def _can_be_judged(figure: PublishedFigure, networks: Container[str], sizes: Container[str]) -> bool:
    """Whether it is a count of a catalogued module, in a network and at an input size of the run."""
    if network_key(figure.network) not in networks or "stem)" in figure.network:
        return False
    if not figure.module or not (figure.params or figure.flops):
        return False
    return not figure.input_size or f"{figure.input_size}x{figure.input_size}" in sizes


def _refusals(rows: Sequence[Row]) -> dict[tuple[str, str], str]:
    """(network, module) -> why it could not be counted."""
    failed = [row for row in rows if row["status"] != "ok"]
    return {(name, row["module"]): row["reason"] for row in failed for name in _keys_of(row["host"])}


def _counted(rows: Sequence[Row]) -> list[CountedRow]:
    """The counted rows, each with its plain network; rows without a plain network are left out."""
    counted = [row for row in rows if row["status"] == "ok" and row["mode"] == "eval"]
    if not counted:
        raise RunFolderError("this run counted no network; make one: attnprof run specs/published.toml")
    missing = [name for name in NEEDED if counted[0].get(name) is None]
    if missing:
        command = f"attnprof host NETWORK --insert LIST --metrics {','.join(NEEDED)}"
        raise RunFolderError(f"this run lacks {', '.join(missing)}: {command}")
    return _with_plain_networks(counted)


def _with_plain_networks(rows: Sequence[Row]) -> list[CountedRow]:
    """The rows beside their plain networks. Where a module of stride 1 replaces a convolution of stride 2, an
    average over windows goes before it, which its source does not have: it is left out."""
    plain = {_network_of(row): Operations.of_row(row) for row in rows if row["module"] == PLAIN}
    return [
        CountedRow(
            row, Operations.of_row(row).with_windows_of(plain[_network_of(row)]), plain[_network_of(row)]
        )
        for row in rows
        if _network_of(row) in plain
    ]


def _network_of(row: Row) -> tuple[str, str]:
    return row["host"], row["network_input"]


def _table(
    title: str,
    source: str,
    figures: Sequence[PublishedFigure],
    counted: Sequence[CountedRow],
    refusals: Mapping[tuple[str, str], str],
) -> Table:
    candidates = [(figure, _candidates(figure, counted)) for figure in figures]
    way = _best_way(candidates)
    verdicts = []
    for figure, rows in candidates:
        if rows:
            verdicts.append(_verdict(figure, rows, way))
        else:
            refusal = refusals.get((network_key(figure.network), figure.module), "")
            verdicts.append(PublishedVerdict(figure, ABSENT, why=refusal))
    return Table(title, source, way, tuple(verdicts))


def _best_way(candidates: Sequence[tuple[PublishedFigure, Sequence[CountedRow]]]) -> Way:
    """The way that gives most figures, the simplest among equals; ours where it gives half or fewer."""
    ways = _possible_ways(candidates)
    reproduced = {
        way: sum(_reproduction(figure, rows, way) is not None for figure, rows in candidates) for way in ways
    }
    best = max(ways, key=lambda way: (reproduced[way], -len(way.says)))
    expected = sum(not reason(figure) for figure, rows in candidates if rows)
    return best if 2 * reproduced[best] > expected else PLAINLY


def _possible_ways(candidates: Sequence[tuple[PublishedFigure, Sequence[CountedRow]]]) -> list[Way]:
    """Every way; a table without params does not show whether its unit is of ten or of two."""
    versions = sorted({row.version for _, rows in candidates for row in rows}) or [""]
    units = UNITS if any(figure.params for figure, _ in candidates) else (DECIMAL,)
    return [Way(*parts) for parts in product(MACS, PARAMS, units, versions)]


def _candidates(figure: PublishedFigure, counted: Sequence[CountedRow]) -> list[CountedRow]:
    """The rows of the figure's network and module with the settings of its source, the default first.

    Rows are of the network's version that the source names, or of any.
    """
    network = network_key(figure.network)
    rows = [
        row
        for row in counted
        if row.row["module"] == figure.module and network in _keys_of(row.row["host"]) and row.may_be(figure)
    ]
    stated = re.search(r"[(]v(1[.]?5?)\b", figure.network)
    if stated and len({row.version for row in rows}) > 1:
        version = {"1": V1, "1.5": ""}.get(stated[1], "")
        rows = [row for row in rows if row.version == version]
    return sorted(rows, key=lambda row: (row.version, bool(row.row["variant"])))


def _reproduction(
    figure: PublishedFigure, rows: Sequence[CountedRow], way: Way
) -> tuple[CountedRow, Way] | None:
    """The first row that gives the figure counted that way, and the way with the row's version."""
    versions = {row.version for row in rows}
    version = way.version if len(versions) > 1 else next(iter(versions), "")
    for row in rows:
        for pooling in row.poolings(way.macs) if row.version == version else ():
            variant = replace(way, version=version, pooling=pooling)
            if row.makes(figure, variant):
                return row, variant
    return None


def _verdict(figure: PublishedFigure, rows: Sequence[CountedRow], way: Way) -> PublishedVerdict:
    reproduction = _reproduction(figure, rows, PLAINLY) or _reproduction(figure, rows, way)
    if reproduction:
        verdict = PublishedVerdict(figure, EXPLAINED, *reproduction)
        return replace(verdict, kind=EXPLAINED if verdict.says else REPRODUCED)
    closest = min(rows, key=lambda row: _distance(figure, row, way))
    way = replace(way, version=closest.version)
    why = reason(figure) or _cut_off(figure, closest, way) or _unknown(figure)
    return PublishedVerdict(figure, NOT, closest, way, why)


def _cut_off(figure: PublishedFigure, counted: CountedRow, way: Way) -> str:
    """Why a figure differs by one in its last digit; empty where that is not why."""
    pairs = zip(counted.figures(way), (figure.params, figure.flops), strict=True)
    alike = all(prints_as(value, text) or cuts_to(value, text) for value, text in pairs if text)
    return "its digits are cut off, not rounded" if alike else ""


def _unknown(figure: PublishedFigure) -> str:
    return f"unknown: {figure.tried}" if figure.tried else "unknown"


def _distance(figure: PublishedFigure, counted: CountedRow, way: Way) -> float:
    """The sum of relative differences; another setting adds a little, another version more."""
    pairs = zip((figure.params, figure.flops), counted.figures(way), strict=True)
    differences = sum(abs(float(ours) / float(theirs) - 1) for theirs, ours in pairs if theirs)
    return differences + 0.002 * bool(counted.row["variant"]) + 0.1 * (counted.version != way.version)


def named(figures: Sequence[PublishedFigure], name: str) -> list[PublishedFigure]:
    """The figures that ``name`` means: 'all', a network, a module, or words of a source.

    Raises UsageError for none.
    """
    words = name.lower()
    tests = (
        lambda figure: words == "all",
        lambda figure: network_key(figure.network) == network_key(name),
        lambda figure: figure.module == words,
        lambda figure: words in figure.title.lower() or words in figure.source.lower(),
    )
    for test in tests:
        matching = [figure for figure in figures if test(figure)]
        if matching:
            return matching
    raise UsageError(
        f"published:{name}: no network, module or source here has that name; published:all takes everything"
    )

"""A run's exact counts against published figures: which way of counting makes the printed digits.

The figures that one table has of one family of networks were counted alike. So they are given, together, the one way of
counting (unit, rules, version of the network) that makes most of their digits, the simplest among equals, and only that
explains them: enough ways tried on each row alone would make any two digits. A way that does not make more than half of
the rows that have no reason to differ explains nothing.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import product
from typing import Any

from attnprof.comparison.conventions import MACS, OURS, PARAMS, Convention, ParamsConvention, Ran
from attnprof.comparison.printed import DECIMAL, UNITS, Unit, prints_as
from attnprof.comparison.reasons import reason
from attnprof.comparison.stated import may_be
from attnprof.errors import RunFolderError, UsageError
from attnprof.networks import NETWORKS, PLAIN, network_named
from attnprof.published import PublishedFigure, network_key

REPRODUCED, EXPLAINED, NOT, ABSENT = "reproduced", "explained", "not reproduced", "not in this run"
NEEDED = ("params", "leaf_params", "channel_pairs", "macs", "operators")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Way:
    """A way to count a network. version: of it, as our name for it ends: 'v1'.

    calls: pooling inside the module is not seen, because the source wrote it as function calls: a matter of each module.
    """

    macs: Convention = OURS
    params: ParamsConvention = PARAMS[0]
    unit: Unit = DECIMAL
    version: str = ""
    calls: bool = False

    @property
    def says(self) -> list[str]:
        """What is unlike ours, in words."""
        version = {"": "", "v1": "strides in the first 1x1 (v1)"}.get(self.version, self.version)
        calls = "the module's pooling not seen" if self.calls else ""
        return [text for text in (version, self.macs.says, calls, self.params.says, self.unit.says) if text]


PLAINLY = Way()


@dataclass(frozen=True)
class Counted:
    """A row of the run, with what ran in it and in the plain network."""

    row: Row
    ran: Ran
    plain: Ran

    def may_be(self, figure: PublishedFigure) -> bool:
        """Whether the module has the settings that the source of ``figure`` states."""
        changed = re.findall(r"(\w+)=", str(self.row["variant"]))
        return may_be(figure.setting, json.loads(self.row["hyperparameters"]), changed)

    @cached_property
    def version(self) -> str:
        """What our name of the network has behind that of its family: 'v1' of resnet50_v1."""
        return str(self.row["host"]).partition("_")[2]

    def figures(self, way: Way) -> tuple[Decimal, Decimal]:
        """Params and MACs as ``way`` counts them, in its unit."""
        macs = way.macs.count(self.ran, self.plain if way.calls else self.ran)
        return way.unit.params(way.params.count(self.ran)), way.unit.macs(macs)

    def makes(self, figure: PublishedFigure, way: Way) -> bool:
        """Whether all that ``figure`` prints comes out."""
        params, macs = self.figures(way)
        return (not figure.params or prints_as(params, figure.params)) and (
            not figure.flops or prints_as(macs, figure.flops)
        )


@dataclass(frozen=True)
class Verdict:
    """What became of a published figure. counted: the row that makes it, or comes closest; None where there is none.

    way: how it was counted; why: the reason, where it is not reproduced or not there.
    """

    figure: PublishedFigure
    kind: str
    counted: Counted | None = None
    way: Way = PLAINLY
    why: str = ""

    @property
    def says(self) -> list[str]:
        """What makes the digits, in words: how it is counted, and the module's settings where they are not the usual."""
        if self.counted is None:
            return []
        ran, variant = self.counted.ran, str(self.counted.row["variant"])
        idle = self.way.params.says if ran.params == ran.leaf_params else ""
        return [*(text for text in self.way.says if text != idle), *([variant] if variant else [])]


@dataclass(frozen=True)
class Table:
    """The verdicts on the figures that one source counted alike, and how."""

    title: str
    source: str
    way: Way
    verdicts: tuple[Verdict, ...]


def compare(rows: Iterable[Row], figures: Iterable[PublishedFigure]) -> list[Table]:
    """Hold ``figures`` against the rows of a run, table by table, in the order of the figures.

    Only figures of our networks at the sizes of the run are judged, and of the catalogue's modules.
    Raises RunFolderError for a run without what it takes.
    """
    rows = [row for row in rows if row.get("host") in NETWORKS.names() and row.get("batch", 1) == 1]
    counted, refused = _counted(rows), _refused(rows)
    sizes = {str(each.row["network_input"]) for each in counted}
    networks = {name.partition("_")[0] for name in NETWORKS.names()}
    tables: dict[tuple[str, ...], list[PublishedFigure]] = {}
    for figure in figures:
        network, size = network_key(figure.network), figure.input_size
        ours = network in networks and figure.module and (figure.params or figure.flops)
        if ours and (not size or f"{size}x{size}" in sizes) and "stem)" not in figure.network:
            family = network.rstrip("0123456789")
            tables.setdefault((figure.title, figure.source, figure.flops_convention, family), []).append(
                figure
            )
    return [_judged(key[0], key[1], of, counted, refused) for key, of in tables.items()]


def _refused(rows: Sequence[Row]) -> dict[tuple[str, str], str]:
    """(network, module) -> why it could not be counted."""
    failed = [row for row in rows if row["status"] != "ok"]
    return {
        (name, row["module"]): row["reason"]
        for row in failed
        for name in network_named(row["host"]).entry_names
    }


def _counted(rows: Sequence[Row]) -> list[Counted]:
    """The rows of networks that were counted, each with its plain network's; without that a row is left out."""
    found = [row for row in rows if row["status"] == "ok" and row["mode"] == "eval"]
    if not found:
        raise RunFolderError("this run counted no network; make one: attnprof run specs/published.toml")
    lacking = [name for name in NEEDED if found[0].get(name) is None]
    if lacking:
        raise RunFolderError(
            f"this run lacks {', '.join(lacking)}: attnprof host NETWORK --insert LIST --metrics {','.join(NEEDED)}"
        )
    plain = {(r["host"], r["network_input"]): Ran.of_row(r) for r in found if r["module"] == PLAIN}
    pairs = [(row, plain.get((row["host"], row["network_input"]))) for row in found]
    return [Counted(row, Ran.of_row(row), base) for row, base in pairs if base is not None]


def _judged(
    title: str,
    source: str,
    figures: Sequence[PublishedFigure],
    counted: Sequence[Counted],
    refused: Mapping[tuple[str, str], str],
) -> Table:
    pairs = [(figure, _of(figure, counted)) for figure in figures]
    versions = sorted({each.version for _, found in pairs for each in found}) or [""]
    ways = [Way(*each) for each in product(MACS, PARAMS, UNITS, versions)]
    made = {way: sum(_making(figure, found, way) is not None for figure, found in pairs) for way in ways}
    best = max(ways, key=lambda way: (made[way], -len(way.says)))
    if 2 * made[best] <= sum(not reason(figure) for figure, found in pairs if found):
        best = PLAINLY
    verdicts = [
        _verdict(figure, found, best)
        if found
        else Verdict(figure, ABSENT, why=refused.get((network_key(figure.network), figure.module), ""))
        for figure, found in pairs
    ]
    return Table(title, source, best, tuple(verdicts))


def _of(figure: PublishedFigure, counted: Sequence[Counted]) -> list[Counted]:
    """The rows of the figure's network and module, with the settings that the source states, in the version that it names
    or else in any; the usual setting first."""
    network, said = network_key(figure.network), re.search(r"[(]v(1[.]?5?)\b", figure.network)
    found = [
        c
        for c in counted
        if network in network_named(c.row["host"]).entry_names and c.row["module"] == figure.module
    ]
    found = [c for c in found if c.may_be(figure)]
    if said and len({each.version for each in found}) > 1:
        found = [each for each in found if each.version == {"1": "v1", "1.5": ""}.get(said[1], "")]
    return sorted(found, key=lambda each: (each.version, bool(each.row["variant"])))


def _making(figure: PublishedFigure, found: Sequence[Counted], way: Way) -> tuple[Counted, Way] | None:
    """The first row that makes the figure when it is counted that way, and how. What comes in one version has no other."""
    having = {each.version for each in found}
    version = way.version if len(having) > 1 else next(iter(having), "")
    for calls in (False, True) if way.macs.pools else (False,):
        exactly = replace(way, version=version, calls=calls)
        for each in found:
            if each.version == version and each.makes(figure, exactly):
                return each, exactly
    return None


def _verdict(figure: PublishedFigure, found: Sequence[Counted], way: Way) -> Verdict:
    for each in (PLAINLY, way):
        if making := _making(figure, found, each):
            verdict = Verdict(figure, EXPLAINED, *making)
            return replace(verdict, kind=EXPLAINED if verdict.says else REPRODUCED)
    closest = min(found, key=lambda each: _distance(figure, each, way))
    return Verdict(figure, NOT, closest, replace(way, version=closest.version), reason(figure) or "unknown")


def _distance(figure: PublishedFigure, counted: Counted, way: Way) -> float:
    """How far off the row is, in all; another setting of the module adds a little to it, another version of the network more."""
    pairs = zip((figure.params, figure.flops), counted.figures(way), strict=True)
    off = sum(abs(float(ours) / float(theirs) - 1) for theirs, ours in pairs if theirs)
    return off + 0.002 * bool(counted.row["variant"]) + 0.1 * (counted.version != way.version)


def named(figures: Sequence[PublishedFigure], name: str) -> list[PublishedFigure]:
    """Those that ``name`` means: 'all', a network, a module, or words of a source. Raises UsageError where it means none."""
    asked = name.lower()
    tests = (
        lambda f: asked == "all",
        lambda f: network_key(f.network) == network_key(name),
        lambda f: f.module == asked,
        lambda f: asked in f.title.lower() or asked in f.source.lower(),
    )
    for test in tests:
        if found := [figure for figure in figures if test(figure)]:
            return found
    raise UsageError(
        f"published:{name}: no network, module or source here has that name; published:all takes everything"
    )

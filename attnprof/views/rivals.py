"""Rivals: the rows of one size under the same conditions, with what sets each apart from the others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from attnprof.choosing.candidates import RATIO, label
from attnprof.choosing.latency_ranks import (
    baseline_of,
    competes,
    costs_of,
    is_rough,
    over_baseline,
    seconds,
    shared_ranks,
)
from attnprof.choosing.pareto import DOUBT, Span, front
from attnprof.metrics import METRICS
from attnprof.records.case import ROW_CONDITIONS
from attnprof.results import Results
from attnprof.results.columns import Row, size, title, varying
from attnprof.runtimes import EAGER

LATENCY, MACS, PARAMS, MEMORY, THROUGHPUT = (
    METRICS.get(name).column for name in ("latency", "macs", "params", "peak_memory", "throughput")
)
SIZE = ("host", "mode", "height", "width", "channels")
AXES = (MACS, PARAMS, MEMORY)  # what a front sets the latency against
IN_WORDS = {"batch": "batch {}", "threads": "{} threads"}


@dataclass(frozen=True)
class VsBaseline:
    """A latency over that of the block's baseline."""

    value: float
    interval: tuple[float, float] | None = None
    is_clear: bool = True  # whether the noise tells the two apart
    is_baseline: bool = False


@dataclass(frozen=True)
class Rival:
    """One row of a block."""

    number: int  # of its row in the results
    row: Row
    name: str
    is_rough: bool  # whether its latency rests on fewer samples than an interval needs
    ratio: VsBaseline | None = None
    rank: int = 0  # its place, which those that the noise does not tell apart share; 0 without a latency
    shares_rank: bool = False

    @property
    def latency(self) -> float | None:
        """Seconds of a call."""
        seconds: float | None = self.row.get(LATENCY)
        return seconds

    @property
    def competes(self) -> bool:
        """Whether it has a latency and does something: the identity's is that of any call."""
        return competes(self.row)


@dataclass(frozen=True)
class SizeBlock:
    """The rivals of one size, the fastest first, and those without a latency last."""

    heading: str
    size: str  # in short: '64@56'
    batch: int  # images per call
    runtime: str
    baseline: str  # the module that ratios are over; empty without
    rivals: Sequence[Rival]

    @cached_property
    def competing(self) -> list[Rival]:
        """Those that have a rank."""
        return [rival for rival in self.rivals if rival.rank]

    @property
    def fastest(self) -> list[Rival]:
        """The first, and those that the noise does not tell from it."""
        return [rival for rival in self.competing if rival.rank == 1 and not rival.is_rough]

    @property
    def undecided(self) -> list[Rival]:
        """Those whose rough figures leave open whether they are as fast as the first."""
        return [rival for rival in self.competing if rival.rank == 1 and rival.is_rough]

    def front(self, axes: Sequence[str] = AXES) -> list[Rival]:
        """Those that no other beats in latency without costing more in one of ``axes``."""
        chosen: dict[int, Rival] = {}
        for axis in axes:
            entrants = [rival for rival in self.competing if rival.row.get(axis) is not None]
            points = [[seconds(each.row), Span.exact(each.row[axis])] for each in entrants]
            chosen |= {entrants[n].number: entrants[n] for n in front(points)}
        return sorted(chosen.values(), key=lambda rival: rival.latency or 0.0)


def blocks(results: Results) -> list[SizeBlock]:
    """The rows of ``results`` as blocks: by size and by the conditions that vary."""
    rows = results.rows()
    vary = varying(rows, ROW_CONDITIONS)
    grouped: dict[tuple[Any, ...], list[Rival]] = {}
    for number, row in enumerate(rows):
        key = tuple(row.get(name) for name in (*SIZE, *(name for name in vary if name not in SIZE)))
        grouped.setdefault(key, []).append(Rival(number, row, title(row), is_rough(row)))
    ordered = sorted(grouped.values(), key=_place_of_block)
    several_modes = bool(varying(rows, ["mode"]))
    return [_block(sorted(group, key=_place), vary, several_modes) for group in ordered]


def _place_of_block(group: Sequence[Rival]) -> tuple[Any, ...]:
    row = group[0].row
    size_of_map = -row["height"] * row["width"], row["channels"]
    return (
        row.get("host") or "",
        row["mode"],
        *size_of_map,
        row["batch"],
        row.get("execution") != EAGER,
        row.get("execution") or "",
        row.get("device_name") or "",
    )


def _place(rival: Rival) -> tuple[Any, ...]:
    macs = rival.row.get(MACS)
    costs = rival.latency is None, rival.latency or 0.0, macs is None, macs or 0, rival.row.get(PARAMS) or 0
    return (*costs, rival.name)


def _block(rivals: Sequence[Rival], vary: Sequence[str], several_modes: bool) -> SizeBlock:
    row = rivals[0].row
    number = baseline_of([rival.row for rival in rivals])
    baseline = None if number is None else rivals[number]
    with_ratios = [replace(rival, ratio=_ratio(rival, baseline)) for rival in rivals]
    return SizeBlock(
        _heading(row, vary, several_modes),
        label(row),
        row["batch"],
        str(row.get("execution") or EAGER),
        baseline.name if baseline else "",
        _ranked(with_ratios),
    )


def _heading(row: Row, vary: Sequence[str], several_modes: bool) -> str:
    """'56x56, 64 channels', and those of the conditions that vary."""
    parts = [f"{row['host']}, {size(row)}" if row.get("host") else f"{size(row)}, {row['channels']} channels"]
    if several_modes or row["mode"] != "eval":
        parts.append(row["mode"])
    named = [
        name for name in vary if name not in ("host", "network_input") and row.get(name) not in (None, "")
    ]
    return ", ".join([*parts, *(IN_WORDS.get(name, "{}").format(row[name]) for name in named)])


def _ratio(rival: Rival, baseline: Rival | None) -> VsBaseline | None:
    if baseline is None or rival.latency is None or not baseline.latency:
        return None
    if rival.number == baseline.number:
        return VsBaseline(1.0, is_baseline=True)
    formed, span = rival.row.get(RATIO), over_baseline(rival.row)
    if formed is None:
        is_clear = _apart(seconds(rival.row), seconds(baseline.row))
        return VsBaseline(rival.latency / baseline.latency, is_clear=is_clear)
    if span is None:
        return VsBaseline(formed, is_clear=not 1 / DOUBT <= formed <= DOUBT)
    return VsBaseline(formed, (span.low, span.high), is_clear=not span.low <= 1.0 <= span.high)


def _apart(one: Span, other: Span) -> bool:
    return one.high < other.low or other.high < one.low


def _ranked(rivals: Sequence[Rival]) -> list[Rival]:
    """``rivals`` with their ranks, by which they are ordered, except for what does not compete."""
    entrants = [rival for rival in rivals if rival.competes]
    costs = costs_of([rival.row for rival in entrants])
    ranks = shared_ranks(costs)
    in_order = sorted(range(len(entrants)), key=lambda n: (ranks[n].rank, costs[n].value))
    ranked = iter([replace(entrants[n], rank=ranks[n].rank, shares_rank=ranks[n].ties > 0) for n in in_order])
    return [next(ranked) if rival.competes else rival for rival in rivals]

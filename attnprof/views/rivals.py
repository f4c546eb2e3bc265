"""Rivals: the rows of one size under the same conditions, with what sets each apart from the others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import median
from typing import Any

from attnprof.choosing.candidates import RATIO, label
from attnprof.choosing.pareto import DOUBT, Span, front
from attnprof.choosing.ranking import ranks
from attnprof.metrics import METRICS
from attnprof.records.case import ROW_CONDITIONS
from attnprof.results import Results
from attnprof.results.columns import Row, is_rough, size, title, varying
from attnprof.runtimes import EAGER

LATENCY, MACS, PARAMS, MEMORY, THROUGHPUT = (
    METRICS.get(name).column for name in ("latency", "macs", "params", "peak_memory", "throughput")
)
USUAL_BASELINE = "se"
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
        return self.latency is not None and self.row.get("family") != "floor"


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
            points = [[_seconds(each), Span.exact(each.row[axis])] for each in entrants]
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
    return [_block(sorted(group, key=_place), vary, rows) for group in ordered]


def _place_of_block(group: Sequence[Rival]) -> tuple[Any, ...]:
    row = group[0].row
    size_of_map = -row["height"] * row["width"], row["channels"]
    return (
        row.get("host") or "",
        row["mode"],
        *size_of_map,
        row["batch"],
        row.get("execution") or "",
        row.get("device_name") or "",
    )


def _place(rival: Rival) -> tuple[Any, ...]:
    macs = rival.row.get(MACS)
    costs = rival.latency is None, rival.latency or 0.0, macs is None, macs or 0, rival.row.get(PARAMS) or 0
    return (*costs, rival.name)


def _block(rivals: Sequence[Rival], vary: Sequence[str], rows: Sequence[Row]) -> SizeBlock:
    row = rivals[0].row
    baseline = _baseline(rivals)
    with_ratios = [replace(rival, ratio=_ratio(rival, baseline)) for rival in rivals]
    return SizeBlock(
        _heading(row, vary, rows),
        label(row),
        row["batch"],
        str(row.get("execution") or EAGER),
        baseline.name if baseline else "",
        _ranked(with_ratios),
    )


def _heading(row: Row, vary: Sequence[str], rows: Sequence[Row]) -> str:
    """'56x56, 64 channels', and those of the conditions that vary."""
    parts = [f"{row['host']}, {size(row)}" if row.get("host") else f"{size(row)}, {row['channels']} channels"]
    if varying(rows, ["mode"]) or row["mode"] != "eval":
        parts.append(row["mode"])
    named = [
        name for name in vary if name not in ("host", "network_input") and row.get(name) not in (None, "")
    ]
    return ", ".join([*parts, *(IN_WORDS.get(name, "{}").format(row[name]) for name in named)])


def _baseline(rivals: Sequence[Rival]) -> Rival | None:
    """The module that latencies are divided by: the run's baseline, else the usual one."""
    names = {rival.row.get("baseline") for rival in rivals} - {None, ""}
    wanted = str(names.pop()) if len(names) == 1 else USUAL_BASELINE
    timed = [rival for rival in rivals if rival.latency is not None and not rival.row.get("host")]
    return next((rival for rival in timed if rival.name == wanted), None) if len(timed) > 1 else None


def _ratio(rival: Rival, baseline: Rival | None) -> VsBaseline | None:
    if baseline is None or rival.latency is None or not baseline.latency:
        return None
    if rival.number == baseline.number:
        return VsBaseline(1.0, is_baseline=True)
    formed = rival.row.get(RATIO)
    if formed is None:
        return VsBaseline(
            rival.latency / baseline.latency, is_clear=_apart(_seconds(rival), _seconds(baseline))
        )
    low, high = rival.row.get(f"{RATIO}_ci_low"), rival.row.get(f"{RATIO}_ci_high")
    if low is None or high is None or rival.is_rough:
        return VsBaseline(formed, is_clear=not 1 / DOUBT <= formed <= DOUBT)
    return VsBaseline(formed, (low, high), is_clear=not low <= 1.0 <= high)


def _apart(one: Span, other: Span) -> bool:
    return one.high < other.low or other.high < one.low


def _ranked(rivals: Sequence[Rival]) -> list[Rival]:
    """``rivals`` with their ranks, by which they are ordered, except for what does not compete."""
    entrants = [rival for rival in rivals if rival.competes]
    costs = _costs(entrants)
    surely_faster = ranks(costs)
    in_order = sorted(range(len(entrants)), key=lambda n: (surely_faster[n], costs[n].value))
    groups = [surely_faster[n] for n in in_order]
    sorted_rivals = iter(
        [
            replace(entrants[n], rank=groups.index(group) + 1, shares_rank=groups.count(group) > 1)
            for n, group in zip(in_order, groups, strict=True)
        ]
    )
    return [next(sorted_rivals) if rival.competes else rival for rival in rivals]


def _costs(rivals: Sequence[Rival]) -> list[Span]:
    """What ranks are judged by: latencies, or where processes formed some, ratios to the baseline."""
    formed = [
        rival.latency / rival.ratio.value
        for rival in rivals
        if rival.latency is not None and rival.ratio is not None and rival.ratio.interval is not None
    ]
    if not formed:
        return [_seconds(rival) for rival in rivals]
    unit = median(formed)  # seconds of the baseline
    return [_cost(rival, unit) for rival in rivals]


def _cost(rival: Rival, unit: float) -> Span:
    seconds, ratio = _seconds(rival), rival.ratio
    if ratio is not None and ratio.interval is not None:
        return Span(ratio.interval[0], ratio.value, ratio.interval[1])
    if ratio is not None and ratio.is_baseline:
        return Span.exact(1.0)
    return Span(seconds.low / unit, seconds.value / unit, seconds.high / unit)


def _seconds(rival: Rival) -> Span:
    """The latency between the ends of its interval; of a rough one by how much it may be wrong."""
    seconds = rival.latency or 0.0
    low, high = (rival.row.get(end) for end in METRICS.get("latency").ends)
    if rival.is_rough or low is None or high is None:
        return Span.about(seconds)
    return Span(low, seconds, high)

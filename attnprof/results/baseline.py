"""Figures as multiples of one module's: what eca takes over what se takes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot
from typing import TYPE_CHECKING, Any

from attnprof.choosing.candidates import candidates, label, named
from attnprof.metrics import METRICS, SUFFIX, Metric, in_order
from attnprof.networks import PLAIN
from attnprof.records.case import ROW_CONDITIONS
from attnprof.results.columns import varying
from attnprof.stats import middle, process_interval
from attnprof.units import KindName

if TYPE_CHECKING:
    from attnprof.results.table import Results

Row = Mapping[str, Any]
OVER = "_over_"
LATENCY_COLUMN, RATIO = "latency_s", "vs_baseline"
UNCLEAR = "the two intervals overlap: no difference is shown"
# The metrics whose increase in a network is a column.
INCREASED = ("params", "macs", "flops", "latency", "peak_memory")
ADDED = "added_"
NO_BASE = "the plain network has no such figure under these conditions"
SHARE = "_share"


def costs() -> dict[str, Metric]:
    """Column -> the metric in it, for what a module costs: what a budget bounds from above."""
    limited = [metric for metric in in_order(METRICS.names()) if metric.limit and metric.better == "less"]
    return {metric.column: metric for metric in limited}


def derived_kinds(names: Iterable[str]) -> dict[str, KindName]:
    """Those of the columns ``names`` that are formed from others -> what they hold."""
    kinds: dict[str, KindName] = {}
    for name in INCREASED:
        metric = METRICS.get(name)
        kinds |= {ADDED + metric.column: metric.kind, f"{ADDED}{name}{SHARE}": "change"}
        for end in ("low", "high"):
            kinds[f"{ADDED}{name}_ci_{end}{SUFFIX[metric.unit]}"] = metric.kind
            kinds[f"{ADDED}{name}{SHARE}_ci_{end}"] = "change"
    ratios = {metric.name + OVER for metric in costs().values()}
    return kinds | {name: "ratio" for name in names if "".join(name.partition(OVER)[:2]) in ratios}


def over(results: "Results", baseline: str) -> "Results":
    """``results`` with one more column per cost: its ratio to ``baseline`` at the same point and mode.

    baseline: a module of the run, 'se', 'ge(theta)'. The columns are called 'latency_over_se'. A ratio that
    does not exist is None with the reason in the notes. A ratio of latencies is the run's own where its
    processes have formed it; one that the noise leaves open has the note UNCLEAR. Raises UnknownNameError for
    a module that is not in the run.
    """
    rows = results.rows()
    _, among = candidates(rows, results.notes)
    reference, vary = named(baseline, among), varying(rows, ROW_CONDITIONS)
    frame, notes = results.frame.copy(), dict(results.notes)
    for column, metric in costs().items():
        if column not in frame.columns or all(row[column] is None for row in rows):
            continue
        name = f"{metric.name}{OVER}{reference.name}"
        ratios: list[float | None] = []
        for number, row in enumerate(rows):
            point = label(row, vary)
            theirs, _ = reference.cells.get((point, row["mode"]), ({}, {}))
            ratio, note = _ratio(column, row, theirs)
            ratios.append(ratio)
            if note:
                notes[number, name] = note.format(f"{reference.name} at {point}")
        frame[name] = ratios
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    return replace(results, frame=frame, notes=notes)


def _ratio(column: str, ours: dict[str, Any], theirs: Any) -> tuple[float | None, str]:
    """The ratio, and what is to be said of it; {} stands for the baseline and the point."""
    if obstacle := _obstacle(column, ours, theirs):
        return None, obstacle
    ratio = float(ours[column] / theirs[column])
    if column != LATENCY_COLUMN or _is_same_module(ours, theirs):
        return ratio, ""
    if _has_ratio_to(ours, theirs):
        return float(ours[RATIO]), UNCLEAR if _holds_one(ours) else ""
    return ratio, UNCLEAR if _overlap(ours, theirs) else ""


def _obstacle(column: str, ours: Row, theirs: Row) -> str:
    """Why there is no ratio; '' where there is one."""
    if ours[column] is None:
        return "it has no figure itself"
    if theirs.get(column) is None:
        return "there is no figure of {}"
    return "" if theirs[column] else "the figure of {} is 0"


def _is_same_module(ours: Row, theirs: Row) -> bool:
    return bool(ours["module"] == theirs["module"] and ours["variant"] == theirs["variant"])


def _has_ratio_to(ours: Row, theirs: Row) -> bool:
    """Whether the processes of the run have formed the row's ratio to ``theirs``."""
    title = f"{theirs['module']}({theirs['variant']})" if theirs["variant"] else theirs["module"]
    return ours.get("baseline") == title and ours.get(RATIO) is not None


def _holds_one(ours: Row) -> bool:
    """Whether the ratio's interval holds 1; it does where there is none."""
    low, high = (ours.get(f"{RATIO}_ci_{end}") for end in ("low", "high"))
    return low is None or high is None or low <= 1 <= high


def _overlap(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    low, high, their_low, their_high = (
        row.get(f"latency_ci_{end}_s") for row in (ours, theirs) for end in ("low", "high")
    )
    if low is None or high is None or their_low is None or their_high is None:
        return True  # without an interval nothing can be latencies apart
    return bool(low <= their_high and their_low <= high)


Processes = Mapping[Any, float]  # a process, by its run and number -> the seconds that it found
# What a row and the plain network's must share.
SAME = (*ROW_CONDITIONS, "channels", "height", "width", "mode", "seed", "run_id")
LATENCY = "added_latency"


@dataclass(frozen=True)
class _TimedRow:
    """A row, and its latency in each of the processes that measured it."""

    row: Row
    latencies: Processes

    @property
    def is_plain(self) -> bool:
        """Whether it is a network without any module."""
        return bool(self.row.get("host")) and self.row["module"] == PLAIN

    @property
    def has_module(self) -> bool:
        """Whether it is a network with a module in it."""
        return bool(self.row.get("host")) and self.row["module"] != PLAIN


ABSENT = _TimedRow({}, {})  # the plain network, where the run does not have it


def increases(
    rows: Sequence[Row], processes: Sequence[Processes] = ()
) -> tuple[list[dict[str, Any]], dict[tuple[int, str], str]]:
    """The columns to add to each row of a module in a network, and why values are missing.

    The reasons are by row and column.

    added_params and its like are differences in the unit of the figure, added_params_share over the plain
    network's. The latency's increase has an interval, in seconds and as a share. processes: of each row,
    process -> its latency. Where three processes measured both networks, the increase is formed inside each
    of them, where both met the same machine; else the two figures count as measured independently.
    """
    latencies = processes or [{}] * len(rows)
    timed = [_TimedRow(row, seconds) for row, seconds in zip(rows, latencies, strict=True)]
    plain = {_conditions(each.row): each for each in timed if each.is_plain}
    added: list[dict[str, Any]] = []
    notes: dict[tuple[int, str], str] = {}
    for number, ours in enumerate(timed):
        if not ours.has_module:
            added.append({})
            continue
        base = plain.get(_conditions(ours.row), ABSENT)
        added.append(_increase(ours, base))
        notes |= {(number, name): NO_BASE for name in _without_base(ours.row, base.row)}
    return added, notes


def _increase(ours: _TimedRow, base: _TimedRow) -> dict[str, Any]:
    """The columns to add to a row. base: the plain network's."""
    columns = _differences(ours.row, base.row)
    if f"{LATENCY}_s" not in columns:
        return columns
    paired = _paired(ours.latencies, base.latencies, base.row["latency_s"])
    return columns | (paired or _independent(ours.row, base.row))


def _differences(row: Row, base: Row) -> dict[str, Any]:
    """What a row has over the plain network's, of the figures that both have; and its share."""
    columns: dict[str, Any] = {}
    for metric in map(METRICS.get, INCREASED):
        ours, theirs = row.get(metric.column), base.get(metric.column)
        if ours is None or theirs is None:
            continue
        columns[ADDED + metric.column] = ours - theirs
        if theirs:
            columns[f"{ADDED}{metric.name}{SHARE}"] = (ours - theirs) / theirs
    return columns


def _without_base(row: Row, base: Row) -> list[str]:
    """The columns of increases that cannot be formed, for the plain network lacks the figure."""
    names = [METRICS.get(name).column for name in INCREASED]
    return [ADDED + name for name in names if row.get(name) is not None and base.get(name) is None]


def _conditions(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in SAME)


def _paired(ours: Processes, theirs: Processes, plain: float) -> dict[str, float]:
    """The increase from the ratios inside the processes that measured both; nothing for fewer than three."""
    ratios = [seconds / theirs[process] for process, seconds in ours.items() if process in theirs]
    ends = process_interval(ratios) if len(ratios) > 2 else None
    if ends is None:
        return {}
    share, (low, high) = middle(ratios) - 1, (end - 1 for end in ends)
    return {f"{LATENCY}_s": share * plain, f"{LATENCY}{SHARE}": share, **_ends(low, high, plain)}


def _independent(row: Row, base: Row) -> dict[str, float]:
    """The ends of the latency's increase: the distances of both figures to their ends, added as squares."""
    ends = ("latency_ci_low_s", "latency_ci_high_s")
    if any(each.get(end) is None for each in (row, base) for end in ends):
        return {}
    ours, theirs = row["latency_s"], base["latency_s"]
    down = hypot(ours - row["latency_ci_low_s"], base["latency_ci_high_s"] - theirs)
    up = hypot(row["latency_ci_high_s"] - ours, theirs - base["latency_ci_low_s"])
    return _ends((ours - theirs - down) / theirs, (ours - theirs + up) / theirs, theirs)


def _ends(low: float, high: float, plain: float) -> dict[str, float]:
    return {
        f"{LATENCY}_ci_low_s": low * plain,
        f"{LATENCY}_ci_high_s": high * plain,
        f"{LATENCY}{SHARE}_ci_low": low,
        f"{LATENCY}{SHARE}_ci_high": high,
    }

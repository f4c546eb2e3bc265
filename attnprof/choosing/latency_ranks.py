"""Ranks of modules by their latency, as tables and figures show them.

Rows compete that are of one size under the same conditions. Those that the noise does not tell apart share a
rank.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from attnprof.catalogue.selection import display_name
from attnprof.choosing.pareto import Span
from attnprof.choosing.ranking import ranks
from attnprof.metrics import METRICS
from attnprof.records.record import ROUGH, USUAL_BASELINE

Row = Mapping[str, Any]
LATENCY, RATIO = (METRICS.get(name).column for name in ("latency", "vs_baseline"))


@dataclass(frozen=True)
class SharedRank:
    """A rank among rows that compete."""

    rank: int  # one more than the number of rows before it
    ties: int  # other rows at the same rank, which the noise does not tell apart


def shared_ranks(costs: Sequence[Span]) -> list[SharedRank]:
    """The rank of each of ``costs``: those of which equally many others are surely less share the first's."""
    surely_less = ranks(costs)
    in_order = sorted(surely_less)
    return [SharedRank(in_order.index(each) + 1, in_order.count(each) - 1) for each in surely_less]


def competes(row: Row) -> bool:
    """Whether the row has a latency and does something: the identity's is that of any call."""
    return row.get(LATENCY) is not None and row.get("family") != "floor"


def baseline_of(rows: Sequence[Row]) -> int | None:
    """The number of the row that latencies are divided by: the run's baseline, else the usual one."""
    names = {row.get("baseline") for row in rows} - {None, ""}
    name = str(names.pop()) if len(names) == 1 else USUAL_BASELINE
    timed = [n for n, row in enumerate(rows) if row.get(LATENCY) is not None and not row.get("host")]
    return next((n for n in timed if _title(rows[n]) == name), None) if len(timed) > 1 else None


def seconds(row: Row) -> Span:
    """The latency between the ends of its interval; of a rough one by how much it may be wrong."""
    value = row.get(LATENCY) or 0.0
    low, high = (row.get(end) for end in METRICS.get("latency").ends)
    return Span.about(value) if is_rough(row) or low is None or high is None else Span(low, value, high)


def over_baseline(row: Row) -> Span | None:
    """The latency over the baseline's, formed inside each process; None where there is no interval of it."""
    low, high = (row.get(end) for end in METRICS.get("vs_baseline").ends)
    return None if low is None or high is None or is_rough(row) else Span(low, row[RATIO], high)


def is_rough(row: Row) -> bool:
    """Whether the latency of ``row`` has no interval that other latencies can be held to."""
    return row.get(LATENCY) is not None and row.get("latency_ci_kind") in (None, "", ROUGH)


def costs_of(rows: Sequence[Row]) -> list[Span]:
    """What rows with a latency are ranked by: that, or ratios to the baseline where processes formed some."""
    baseline = baseline_of(rows)
    formed = {number: over_baseline(row) for number, row in enumerate(rows) if number != baseline}
    units = [rows[number][LATENCY] / ratio.value for number, ratio in formed.items() if ratio]
    if not units:
        return [seconds(row) for row in rows]
    unit = median(units)  # seconds of the baseline
    costs = [formed.get(number) or _over(seconds(row), unit) for number, row in enumerate(rows)]
    if baseline is not None:
        costs[baseline] = Span.exact(1.0)
    return costs


def latency_ranks(rows: Sequence[Row]) -> dict[int, SharedRank]:
    """The rank of each of ``rows`` that competes, by its number."""
    numbers = [number for number, row in enumerate(rows) if competes(row)]
    return dict(zip(numbers, shared_ranks(costs_of([rows[number] for number in numbers])), strict=True))


def _over(span: Span, unit: float) -> Span:
    return Span(span.low / unit, span.value / unit, span.high / unit)


def _title(row: Row) -> str:
    return display_name(row["module"], row["variant"], json.loads(row["hyperparameters"] or "{}"))

"""What a module adds to a network: each figure less, and over, that of the plain network under the same conditions."""

from collections.abc import Mapping, Sequence
from math import hypot
from typing import Any

from attnprof.hosts import PLAIN
from attnprof.interval import across, middle

Row = Mapping[str, Any]
Processes = Mapping[int, float]  # number of a process -> the seconds that it found
# What a row and the plain network's must share.
CONDITIONS = (
    ("host", "network_input", "channels", "height", "width", "batch", "dtype", "layout", "device", "threads")
    + ("mode", "execution", "device_name", "seed", "run_id")
)  # fmt: skip
COSTS = {
    "params": "added_params",
    "macs": "added_macs",
    "flops": "added_flops",
    "latency_s": "added_latency_s",
    "peak_memory_bytes": "added_peak_memory_bytes",
}
SHARE = "_share"
LATENCY = "added_latency"


def increases(
    rows: Sequence[Row], processes: Sequence[Processes] = ()
) -> tuple[list[dict[str, Any]], dict[tuple[int, str], str]]:
    """The columns to add to each row of a module in a network, and why values are missing: (row, column) -> reason.

    added_params and its like are differences in the unit of the figure, added_params_share over the plain network's.
    The latency's increase has an interval, in seconds and as a share. processes: of each row, process -> its latency.
    Where three processes measured both networks, the increase is formed inside each of them, where both met the same
    machine; else the two figures count as measured independently.
    """
    told = list(processes) or [{}] * len(rows)
    plain = {_conditions(row): n for n, row in enumerate(rows) if row.get("host") and row["module"] == PLAIN}
    found: list[dict[str, Any]] = []
    notes: dict[tuple[int, str], str] = {}
    for number, row in enumerate(rows):
        columns: dict[str, Any] = {}
        if row.get("host") and row["module"] != PLAIN:
            place = plain.get(_conditions(row))
            base: Row = {} if place is None else rows[place]
            for figure, name in COSTS.items():
                if row.get(figure) is None:
                    continue
                if base.get(figure) is None:
                    notes[number, name] = "the plain network has no such figure under these conditions"
                    continue
                columns[name] = row[figure] - base[figure]
                if base[figure]:
                    columns[name.removesuffix("_s").removesuffix("_bytes") + SHARE] = columns[name] / base[figure]
            if "added_latency_s" in columns:
                paired = {} if place is None else _paired(told[number], told[place], base["latency_s"])
                columns |= paired or _independent(row, base)
        found.append(columns)
    return found, notes


def _conditions(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in CONDITIONS)


def _paired(ours: Processes, theirs: Processes, plain: float) -> dict[str, float]:
    """The increase from the ratios inside the processes that measured both; nothing for fewer than three."""
    ratios = [seconds / theirs[process] for process, seconds in ours.items() if process in theirs]
    ends = across(ratios) if len(ratios) > 2 else None
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

"""What a module adds to a network: each figure less, and over, that of the plain network under the same conditions."""

from collections.abc import Mapping, Sequence
from math import hypot
from typing import Any

from attnprof.hosts import PLAIN

Row = Mapping[str, Any]
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


def increases(rows: Sequence[Row]) -> tuple[list[dict[str, Any]], dict[tuple[int, str], str]]:
    """The columns to add to each row of a module in a network, and why values are missing: (row, column) -> reason.

    added_params and its like are differences in the unit of the figure, added_params_share over the plain network's.
    The latency's difference has an interval, in seconds and as a share: of two figures measured independently.
    """
    plain = {_conditions(row): row for row in rows if row.get("host") and row["module"] == PLAIN}
    found: list[dict[str, Any]] = []
    notes: dict[tuple[int, str], str] = {}
    for number, row in enumerate(rows):
        columns: dict[str, Any] = {}
        if row.get("host") and row["module"] != PLAIN:
            base = plain.get(_conditions(row), {})
            for figure, name in COSTS.items():
                if row.get(figure) is None:
                    continue
                if base.get(figure) is None:
                    notes[number, name] = "the plain network has no such figure under these conditions"
                    continue
                columns[name] = row[figure] - base[figure]
                if base[figure]:
                    columns[name.removesuffix("_s").removesuffix("_bytes") + SHARE] = columns[name] / base[figure]
            columns |= _interval(row, base) if "added_latency_s" in columns else {}
        found.append(columns)
    return found, notes


def _conditions(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in CONDITIONS)


def _interval(row: Row, base: Row) -> dict[str, float]:
    """The ends of the latency's increase: the distances of both figures to their ends, added as squares."""
    ends = ("latency_ci_low_s", "latency_ci_high_s")
    if any(each.get(end) is None for each in (row, base) for end in ends):
        return {}
    ours, theirs = row["latency_s"], base["latency_s"]
    down = hypot(ours - row["latency_ci_low_s"], base["latency_ci_high_s"] - theirs)
    up = hypot(row["latency_ci_high_s"] - ours, theirs - base["latency_ci_low_s"])
    low, high = ours - theirs - down, ours - theirs + up
    return {
        f"{LATENCY}_ci_low_s": low,
        f"{LATENCY}_ci_high_s": high,
        f"{LATENCY}{SHARE}_ci_low": low / theirs,
        f"{LATENCY}{SHARE}_ci_high": high / theirs,
    }

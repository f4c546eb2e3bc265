"""What the output folder of a run reports of each cell, whichever version of attnprof wrote it.

The ratio to the baseline stands in the table of a version that has the column ``vs_baseline``. For one that
has not, it is formed here from the figures that the journal keeps of each process.
"""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import hypot
from pathlib import Path
from typing import Any

from attnprof.choosing.pareto import Span
from attnprof.stats import Interval, middle, process_interval

BASELINE = "se"
RATIO = "vs_baseline"  # a column of results.csv, and the beginning of those of its interval
ROUGH = "rough"  # the kind of the interval of a figure from few processes, which a table marks with a tilde
FLOOR = "floor"  # the family of the identity, whose cost is that of any call
COSTS = ("params", "macs", "peak_memory_bytes")  # columns with which the latency has fronts

Cell = tuple[str, str]  # (module, point), as ("eca", "64@56")


OF_ALL_ROWS = frozenset(("loaded",))  # flags of a machine: they tell no figure of a run from another


@dataclass(frozen=True)
class Ratio:
    """A latency over the baseline's at the same point."""

    value: float
    interval: Interval | None  # 95 %, where the run gives one
    processes: bool = False  # whether the interval is one over processes

    @property
    def half_width(self) -> float | None:
        """Half of the interval's width as a share of the value; None where there is no interval."""
        return None if self.interval is None else (self.interval[1] - self.interval[0]) / (2 * self.value)


@dataclass(frozen=True)
class Row:
    """One cell of a run's table."""

    seconds: float
    latency: Span
    ratio: Ratio | None
    processes: int
    flags: frozenset[str]
    rough: bool
    costs: tuple[float, ...]  # COSTS; empty where one is missing
    floor: bool

    @property
    def marked(self) -> bool:
        """Whether the table says that the figure is not an ordinary one of its run."""
        return self.rough or bool(self.flags - OF_ALL_ROWS)


def rows_of(folder: Path) -> dict[Cell, Row]:
    """The cells that have a latency, in the order of the table."""
    with (folder / "results.csv").open(newline="", encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if line["latency_s"]]
    has_ratios = bool(lines) and RATIO in lines[0]
    ratios = _ratios_in_table(lines) if has_ratios else _ratios_in_journal(folder)
    return {cell_of(line): _row(line, ratios.get(cell_of(line))) for line in lines}


def cell_of(line: Mapping[str, Any]) -> Cell:
    """The cell of a line of results.csv, or of a case in the journal."""
    name = f"{line['module']}({line['variant']})" if line["variant"] else line["module"]
    height, width = line["height"], line["width"]
    size = f"{height}" if height == width else f"{height}x{width}"
    return name, f"{line['channels']}@{size}"


def _row(line: Mapping[str, str], ratio: Ratio | None) -> Row:
    seconds = float(line["latency_s"])
    low, high = (line[f"latency_ci_{end}_s"] for end in ("low", "high"))
    costs = [line[name] for name in COSTS]
    return Row(
        seconds=seconds,
        latency=Span(float(low or seconds), seconds, float(high or seconds)),
        ratio=ratio,
        processes=int(line["processes"] or 0),
        flags=frozenset(line["flags"].split()),
        rough=ROUGH in (line["latency_ci_kind"], line.get(f"{RATIO}_ci_kind")),
        costs=tuple(map(float, costs)) if all(costs) else (),
        floor=line["family"] == FLOOR,
    )


def _ratios_in_table(lines: list[dict[str, str]]) -> dict[Cell, Ratio]:
    return {cell_of(line): _ratio_in_line(line) for line in lines if line[RATIO]}


def _ratio_in_line(line: Mapping[str, str]) -> Ratio:
    # A table in which no ratio has an interval has no columns of its ends.
    low, high = line.get(f"{RATIO}_ci_low"), line.get(f"{RATIO}_ci_high")
    interval = (float(low), float(high)) if low and high else None
    return Ratio(float(line[RATIO]), interval, line.get(f"{RATIO}_ci_kind") == "processes")


Latencies = dict[int, Span]  # by number of the process


def _ratios_in_journal(folder: Path) -> dict[Cell, Ratio]:
    latencies = _latencies(folder)
    ratios = {}
    for cell, own in latencies.items():
        if ratio := _ratio(own, latencies.get((BASELINE, cell[1]), {})):
            ratios[cell] = ratio
    return ratios


def _ratio(own: Latencies, base: Latencies) -> Ratio | None:
    """The ratio formed inside each process: its middle, with the interval over processes or, where these are
    too few, the hull of the intervals inside them."""
    spans = [_over(latency, base[process]) for process, latency in own.items() if process in base]
    if not spans:
        return None
    values = [span.value for span in spans]
    if interval := process_interval(values):
        return Ratio(middle(values), interval, processes=True)
    hull = min(span.low for span in spans), max(span.high for span in spans)
    return Ratio(middle(values), hull if hull[0] < hull[1] else None)


def _over(one: Span, other: Span) -> Span:
    """The ratio of two figures; the distances to their ends, as shares, are added as squares."""
    value = one.value / other.value
    down = hypot(1 - one.low / one.value, other.high / other.value - 1)
    up = hypot(one.high / one.value - 1, 1 - other.low / other.value)
    return Span(value * (1 - down), value, value * (1 + up))


def _latencies(folder: Path) -> dict[Cell, Latencies]:
    """The latency of each cell in each process; without an interval its ends are the figure itself."""
    cells: dict[str, Cell] = {}
    latencies: dict[Cell, Latencies] = {}
    for event in _events(folder):
        if event["event"] == "account":
            cells[event["key"]] = cell_of(event["case"])
        elif event["event"] == "visit":
            for measurement in event["measurements"]:
                if measurement["metric"] == "latency" and measurement["value"]:
                    value = measurement["value"]
                    low, high = measurement["interval"] or (value, value)
                    own = latencies.setdefault(cells[event["key"]], {})
                    own[event["repeat"]] = Span(low, value, high)
    return latencies


def _events(folder: Path) -> Iterator[dict[str, Any]]:
    with (folder / "records.jsonl").open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)

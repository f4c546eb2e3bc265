"""Records as one table: a frame with a frozen header, and the conditions under which its figures hold."""

import importlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from attnprof.catalogue import MODULES, entry
from attnprof.comparison.processes import times
from attnprof.errors import UsageError, nearest
from attnprof.formats import FORMATS
from attnprof.metrics import METRICS, Metric, column, in_order
from attnprof.records.environment import Environment, joined
from attnprof.records.record import HOT, RESOLUTION, ROUGH, CaseId, Event, Measurement, Record, fold
from attnprof.results.baseline import derived_kinds, increases
from attnprof.results.header import (
    HEADER,
    IDENTITY,
    REMARKS,
    SIZE,
    column_kinds,
    interval_columns,
    kind_of_values,
    nullable,
)  # fmt: skip
from attnprof.results.outline import Outline, outline_of_plan
from attnprof.results.selection import pareto, pick
from attnprof.spec import Spec
from attnprof.units import KindName

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from attnprof.planning import Plan
    from attnprof.running import Run

SCHEMA = 1
LATENCY = "latency"
# What a row says of the environment of its run.
ROW_ENVIRONMENT = ("run_id", "attnprof_version", "torch_version", "device_name", "device", "threads")


@dataclass(frozen=True)
class Results:
    """What a run measured: one row per cell.

    Values are exact integers, floats in base units, texts; None where there is none. The columns are those
    of HEADER, then those of further metrics, sorted, then the intervals of metrics besides the latency.
    """

    frame: pd.DataFrame  # of Python's own objects; ``df`` has pandas' dtypes
    notes: dict[tuple[int, str], str]  # (row, column) -> why a value is missing, or what qualifies it
    environment: Environment
    spec: Spec
    planned: int  # cells of the whole run, finished or not

    @cached_property
    def df(self) -> pd.DataFrame:
        """The table for a notebook: pandas' nullable dtypes, base units, exact integers."""
        return nullable(self.frame, self.kinds)

    @cached_property
    def kinds(self) -> dict[str, KindName]:
        """Column -> what it holds."""
        declared = column_kinds() | derived_kinds(self.frame.columns)
        names = map(str, self.frame.columns)
        return {name: declared.get(name) or kind_of_values(self.frame[name]) for name in names}

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        html: str = importlib.import_module(FORMATS.module_name("html")).of_results(self)
        return html

    def require(self, columns: Sequence[str]) -> None:
        """Raises UsageError for a name that is no column of the frame."""
        for name in columns:
            if name not in self.frame.columns:
                raise UsageError(
                    f"--columns: no column {name!r}. {nearest(name, self.frame.columns)}".rstrip()
                )

    def pick(self, budget: str = "", *, rank: str = "", at: str = "", **limits: str | float) -> "Results":
        """The modules that keep a budget at every measured point, the best first.

        budget: 'params<=20k, latency<=1.2x:se'. limits: the same one by one, max_params="20k",
        max_latency="1.2x:se", min_top1=77 (published on ResNet-50 and ImageNet-1k). rank: the metric they are
        ranked by; empty: latency, else MACs, else params. at: points or networks, '64@56,256@14'; empty: all.
        Raises UsageError, UnknownNameError; ValueError for a limit that cannot be read.
        """
        return pick(self, budget, rank, at, limits)

    def pareto(self, *metrics: str, at: str = "") -> "Results":
        """The modules that no other beats in one of ``metrics`` without losing in another: pareto('params',
        'latency'). at: as of ``pick``. Raises UsageError, UnknownNameError."""
        return pareto(self, metrics, at)

    def plot(self, kind: str = "pareto", **options: Any) -> "Figure":
        """A figure of matplotlib, which a notebook shows. kind: 'pareto', 'scaling', 'memory', 'ranks'.

        options: x="macs", y="latency", against="channels", at="64@56", width=7.0 (inches). Raises UsageError,
        UnknownNameError, EnvironmentProblem without matplotlib.
        """
        figure: Figure = importlib.import_module("attnprof.views.figure").figure_of(self, kind, **options)
        return figure

    def rows(self) -> list[dict[str, Any]]:
        """The frame's rows as dicts, the same at every call: not to be changed."""
        return list(self._rows)

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        names = list(self.frame.columns)
        return [dict(zip(names, row, strict=True)) for row in self.frame.to_numpy(dtype=object).tolist()]

    def only(self, numbers: Sequence[int]) -> "Results":
        """These rows alone, with their notes and the runs that they are of."""
        place = {old: new for new, old in enumerate(numbers)}
        notes = {(place[n], name): text for (n, name), text in self.notes.items() if n in place}
        frame = self.frame.iloc[list(numbers)].reset_index(drop=True)
        runs = {
            name: ran
            for name, ran in self.environment.get("runs", {}).items()
            if name in set(frame["run_id"])
        }
        return replace(self, frame=frame, notes=notes, environment=joined(runs) if runs else self.environment)


def gather(run: "Run") -> Results:
    """Run it to its end and tabulate what it found."""
    events = [event for event in run if isinstance(event, Event)]
    return tabulate(events, run.plan, run.environment)


def tabulate(events: Iterable[Event], planned: "Plan", environment: Environment) -> Results:
    """Fold events into Results, rows in the order of the plan."""
    return joined_parts([part_of(list(events), outline_of_plan(planned), environment)])


@dataclass(frozen=True)
class TablePart:
    """The rows of some cases of a run, as columns."""

    results: Results  # with the intervals of all its metrics that may have one
    with_interval: frozenset[str]  # the metrics that have one in some row

    @property
    def columns(self) -> frozenset[str]:
        """Those that the table of the run has for it."""
        missing = {name for metric in _may_have_interval() for name in interval_columns(metric)}
        for name in self.with_interval:
            missing -= set(interval_columns(METRICS.get(name)))
        return frozenset(map(str, self.results.frame.columns)) - (missing - set(HEADER))


def part_of(
    events: Sequence[Event], outline: Outline, environment: Environment, most: Mapping[str, int] | None = None
) -> TablePart:
    """Fold the events of some cases, all that are compared with each other, in the order of the outline.

    most: run -> the processes behind that of its cases that has most; None: these are all.
    """
    records = sorted(fold(events, most), key=lambda record: outline.position(record.case))
    rows, notes = _rows(records, environment)
    if any(record.case.host for record in records):
        seconds = _seconds_of_processes(events)
        own = [seconds.get((record.run, record.case.key), {}) for record in records]
        added, reasons = increases(rows, own)
        rows = [row | columns for row, columns in zip(rows, added, strict=True)]
        notes |= reasons
    frame = _frame(rows)
    results = Results(frame, notes, environment, outline.spec, outline.cells)
    return TablePart(results, _with_interval(records))


def _rows(
    records: Sequence[Record], environment: Environment
) -> tuple[list[dict[str, Any]], dict[tuple[int, str], str]]:
    """The rows of ``records``, and the notes on them by row and column."""
    metrics = _may_have_interval()
    rows: list[dict[str, Any]] = []
    notes: dict[tuple[int, str], str] = {}
    for number, record in enumerate(records):
        row, more = _row(record, environment, metrics)
        rows.append(row)
        notes |= {(number, name): text for name, text in more.items()}
    return rows, notes


def _frame(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    names = in_header_order({name for row in rows for name in row})
    columns = {name: [row.get(name) for row in rows] for name in names}
    return pd.DataFrame(columns, columns=names, dtype=object)


def _seconds_of_processes(events: Sequence[Event]) -> dict[CaseId, dict[tuple[str, int], float]]:
    """The latencies of each case: numbers of processes are those of one run."""
    by_run: dict[str, list[Event]] = {}
    for event in events:
        by_run.setdefault(event.run, []).append(event)
    return {
        (run, key): {(run, process): seconds for process, seconds in of_case.items()}
        for run, own in by_run.items()
        for key, of_case in times(own, LATENCY).items()
    }


def joined_parts(parts: Sequence[TablePart]) -> Results:
    """The table of a run from its parts, of which there is one at least."""
    names = in_header_order({name for part in parts for name in part.columns})
    columns: dict[str, list[Any]] = {name: [] for name in names}
    notes: dict[tuple[int, str], str] = {}
    rows = 0
    for part in parts:
        frame = part.results.frame
        for name, values in columns.items():
            values += frame[name].tolist() if name in frame.columns else [None] * len(frame)
        notes |= {(number + rows, name): text for (number, name), text in part.results.notes.items()}
        rows += len(frame)
    table = pd.DataFrame(columns, columns=names, dtype=object)
    return replace(parts[0].results, frame=table, notes=notes)


def in_header_order(names: Collection[str]) -> list[str]:
    """Those of HEADER, then those of ``names`` of further metrics, sorted, then those of their intervals."""
    intervals = [
        name
        for metric in _may_have_interval()
        for name in interval_columns(metric)
        if name in names and name not in HEADER
    ]
    return [*HEADER, *sorted(set(names).difference(HEADER, intervals)), *intervals]


@cache
def _may_have_interval() -> tuple[Metric, ...]:
    return tuple(metric for metric in in_order(METRICS.names()) if metric.interval)


def _with_interval(records: Sequence[Record]) -> frozenset[str]:
    """The metrics of which a record has an interval, and the latency."""
    measured = {m.metric for record in records for m in record.measurements.values() if m.interval}
    return frozenset({LATENCY, *measured.intersection(METRICS.names())})


def _value(value: Any) -> Any:
    """A cell of the frame: None for what is no number."""
    return None if isinstance(value, float) and value != value else value


def _row(
    record: Record, environment: Environment, metrics: Sequence[Metric]
) -> tuple[dict[str, Any], dict[str, str]]:
    """A record's row, and the notes on it by column. metrics: those whose intervals are columns."""
    case = record.case
    row: dict[str, Any] = {
        name: getattr(case, name) for name in (*IDENTITY, *SIZE, "seed") if hasattr(case, name)
    }
    row |= {
        "schema": SCHEMA,
        "hyperparameters": json.dumps(case.hyperparameters, sort_keys=True),
        "family": entry(case.module).family if case.module in MODULES else "",
        "status": record.status,
        "reason": record.reason,
        "dtype": f"autocast-{case.autocast}" if case.autocast else case.dtype,
        "flags": " ".join(_flags(record)),
        **_remarks(record),
    }
    ran = environment.get("runs", {}).get(record.run, environment)
    row |= {name: ran.get(name) for name in ("run_id", "attnprof_version", "torch_version", "device_name")}
    notes: dict[str, str] = {}
    for measurement in record.measurements.values():
        name = column(measurement.metric, measurement.unit)
        row[name] = _value(measurement.value)
        if measurement.note:
            notes[name] = measurement.note
    for metric in metrics:
        if metric.name in record.measurements:
            row |= _interval(metric, record.measurements[metric.name], record.rough)
    return row, notes


def _remarks(record: Record) -> dict[str, str]:
    """A column where there are remarks, and none beside modules of the catalogue alone."""
    return {REMARKS: "; ".join(record.remarks)} if record.remarks else {}


def _flags(record: Record) -> list[str]:
    hot = record.case.inputs == "hot" and LATENCY in record.measurements
    return [*record.flags, HOT] if hot else list(record.flags)


def _interval(metric: Metric, measurement: Measurement, rough: bool) -> dict[str, Any]:
    low, high = measurement.interval or (None, None)
    kind = measurement.interval_kind
    values = (low, high, ROUGH if rough and kind != RESOLUTION else kind, measurement.n)
    return dict(zip(interval_columns(metric), values, strict=True))

"""A run's rows as candidates: modules, each with its figures at every measured point."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from attnprof.catalogue.selection import display_name, matching
from attnprof.catalogue.user_location import cut_location, is_path
from attnprof.catalogue.values import parse_settings, show_settings
from attnprof.choosing.measures import Measure
from attnprof.choosing.pareto import Span
from attnprof.errors import AttnprofError, UnknownNameError, UsageError, nearest
from attnprof.grid import show_res
from attnprof.metrics import Metric
from attnprof.published import TOP1, Evidence, span
from attnprof.records.case import ROW_CONDITIONS
from attnprof.records.record import ROUGH

Row = Mapping[str, Any]
Notes = Mapping[tuple[int, str], str]
Cell = tuple[Row, Mapping[str, str]]
RATIO = "vs_baseline"  # the column of latencies over the baseline's
IN_SIZE = ("host", "network_input")  # conditions that a point's size names
_WRITTEN: dict[str, Callable[[Any], str]] = {
    "batch": lambda images: f"batch {images}",
    "threads": lambda number: f"{number} threads",
    "device_name": lambda name: f"on {name}",
}


@dataclass(frozen=True)
class Missing:
    """The lack of a figure."""

    why: str  # in words


@dataclass(frozen=True)
class Candidate:
    """One module with one setting."""

    name: str
    module: str
    variant: str
    cells: Mapping[tuple[str, str], Cell]  # by point and mode: its row, and the notes on it by column
    published: Evidence | None = None  # figures published of it, where they were looked up

    @property
    def floor(self) -> bool:
        """Whether it is the identity, whose cost is that of any call: to compare with, not to choose."""
        return any(row.get("family") == "floor" for row, _ in self.cells.values())

    def figure(self, measure: Measure, point: str) -> Span | Missing:
        """The figure at ``point`` with the ends of its interval, or why there is none."""
        if measure.metric is None:
            return self._published()
        row, notes = self.cells.get((point, measure.mode), ({}, {}))
        if not row:
            train = measure.mode == "train"
            return Missing("no train rows; run with --train" if train else "not measured there")
        if row["status"] != "ok":
            return Missing(f"{row['status']}: {row['reason']}")
        value = row.get(measure.column)
        if value is None:
            return Missing(notes.get(measure.column) or ("not counted" if measure.exact else "not measured"))
        return _figure(row, notes, measure, measure.metric, value)

    def ratio_to(self, other: "Candidate", measure: Measure, point: str) -> Span | None:
        """Its latency over that of ``other``, formed inside each process; None where none formed it."""
        row, _ = self.cells.get((point, measure.mode), ({}, {}))
        low, high = row.get(f"{RATIO}_ci_low"), row.get(f"{RATIO}_ci_high")
        is_latency = measure.metric is not None and measure.metric.name == "latency"
        if not is_latency or low is None or high is None or row.get(f"{RATIO}_ci_kind") == ROUGH:
            return None
        if row.get("baseline") != _title(other.module, other.variant):
            return None
        return Span(low, row[RATIO], high)

    def _published(self) -> Span | Missing:
        if self.variant:
            return Missing("what is published is of the default setting")
        if self.published is None:
            return Missing("nothing is published of it here")
        metric = self.published.figures[0].metric
        if metric != TOP1:
            return Missing(f"what is published here is {metric}")
        low, high = span(self.published.sound)
        return Span(float(low), float(low), float(high))


def _figure(
    row: Row, notes: Mapping[str, str], measure: Measure, metric: Metric, value: float
) -> Span | Missing:
    if metric.lower_bound and str(row.get(metric.lower_bound)).lower() == "true":
        operators = notes.get(metric.lower_bound, "some operators")
        return Missing(f"at least {measure.show(value)}, for {operators} could not be counted")
    return _span(row, metric, value) if metric.interval else Span.exact(value)


def _span(row: Row, metric: Metric, value: float) -> Span:
    low, high = (row.get(end) for end in metric.ends)
    if (low is None or high is None) and metric.name == "throughput":
        # A table of version 0.1.0 has the interval of the latency alone.
        low, high = _rate(row, "latency_ci_high_s"), _rate(row, "latency_ci_low_s")
    kind = row.get(f"{metric.name}_ci_kind") or row.get("latency_ci_kind")
    if low is None or high is None or kind == ROUGH:
        return Span.about(value)
    return Span(low, value, high)


def _rate(row: Row, end: str) -> float | None:
    return row["batch"] / row[end] if row.get(end) else None


def candidates(
    rows: Sequence[Row], notes: Notes, published: Callable[[str], Evidence | None] = lambda module: None
) -> tuple[tuple[str, ...], list[Candidate]]:
    """The measured points of ``rows``, and their candidates, both in the order of the rows.

    A point is a size, '256@56', with what else differs between the rows: 'batch 8', 'cuda'.
    """
    vary = varying_conditions(rows)
    notes_of: dict[int, dict[str, str]] = {}
    for (number, column), text in notes.items():
        notes_of.setdefault(number, {})[column] = text
    points: dict[str, None] = {}
    grouped: dict[tuple[str, str, str], dict[tuple[str, str], Cell]] = {}
    places = places_of(rows)
    for number, row in enumerate(rows):
        point = label(row, vary)
        points[point] = None
        several = len(places[row["module"], row["variant"], row.get("host", "")]) > 1
        place = row.get("place", "") if several else ""
        cells = grouped.setdefault((row["module"], row["variant"], place), {})
        cells[point, row["mode"]] = row, notes_of.get(number, {})
    entrants = []
    for (module, variant, place), cells in grouped.items():
        settings = json.loads(next(iter(cells.values()))[0]["hyperparameters"] or "{}")
        name = display_name(module, variant, settings) + (f" {place}" if place else "")
        entrants.append(Candidate(name, module, variant, cells, published(module)))
    return tuple(points), entrants


def varying_conditions(rows: Sequence[Row]) -> list[str]:
    """The conditions that not all ``rows`` share."""
    return [name for name in ROW_CONDITIONS if len({str(row.get(name)) for row in rows}) > 1]


def places_of(rows: Sequence[Row]) -> dict[tuple[str, str, str], set[str]]:
    """The places of each (module, variant, network): more than one are part of its name."""
    places: dict[tuple[str, str, str], set[str]] = {}
    for row in rows:
        of_module = places.setdefault((row["module"], row["variant"], row.get("host", "")), set())
        of_module.add(row.get("place", ""))
    return places


def label(row: Row, vary: Iterable[str] = ()) -> str:
    """The point of ``row``: '256@28x40', 'resnet50@224', and those of its conditions that vary."""
    size = f"{row.get('host') or row['channels']}@{show_res((row['height'], row['width']))}"
    conditions = [name for name in vary if name not in IN_SIZE and row.get(name) not in (None, "")]
    return " ".join([size, *(_WRITTEN.get(name, str)(row[name]) for name in conditions)])


def named(text: str, among: Sequence[Candidate]) -> Candidate:
    """The candidate that ``text`` names: 'se', 'cbam(reduction=8)', 'ge(theta)'. Raises UnknownNameError."""
    plain = _canonical(text)
    names = {text.replace(" ", ""), plain}
    for candidate in among:
        if names & {candidate.name, _title(candidate.module, candidate.variant)}:
            return candidate
    hint = (
        nearest(plain, [candidate.name for candidate in among])
        or "It has to be one of the run's own modules."
    )
    raise UnknownNameError(f"no {text!r} in this run. {hint}")


def _canonical(text: str) -> str:
    """``text`` with its settings in the order of a run's names; unchanged for an unknown module."""
    if is_path(text):
        return _canonical_of_user(text)
    with suppress(AttnprofError):
        modules = matching(text)
        if len(modules) == 1:
            return _title(modules[0].module, modules[0].variant)
    return text


def _canonical_of_user(text: str) -> str:
    """The same of a user's module, which is not imported for it."""
    location, rest = cut_location(text)
    with suppress(UsageError):
        settings = parse_settings(rest.strip().removeprefix("(").removesuffix(")"))
        return _title(str(location), show_settings(dict(sorted(settings.items()))))
    return text


def _title(module: str, variant: str) -> str:
    return f"{module}({variant})" if variant else module

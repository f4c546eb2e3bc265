"""A run's rows as candidates: modules, each with its figures at every point at which something was measured."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from attnprof.catalogue.selection import display_name, matching
from attnprof.catalogue.user_module import is_path
from attnprof.choosing.measures import Measure
from attnprof.choosing.pareto import Span
from attnprof.errors import AttnprofError, UnknownNameError, nearest
from attnprof.grid import show_res
from attnprof.metrics import Metric
from attnprof.published import TOP1, Evidence, span

Row = Mapping[str, Any]
Notes = Mapping[tuple[int, str], str]
Cell = tuple[Row, Mapping[str, str]]
# What two rows must share before they are figures of one point, besides the size.
CONDITIONS = (
    "host",
    "network_input",
    "batch",
    "dtype",
    "layout",
    "device",
    "threads",
    "execution",
    "device_name",
)
_WRITTEN: dict[str, Callable[[Any], str]] = {
    "batch": lambda images: f"batch {images}",
    "threads": lambda number: f"{number} threads",
    "device_name": lambda name: f"on {name}",
}


@dataclass(frozen=True)
class Missing:
    """Why there is no figure to judge by."""

    why: str


@dataclass(frozen=True)
class Candidate:
    """One module with one setting. cells: (point, mode) -> its row and the notes on it, by column.

    published: what is published of it, where that was looked up and there is something.
    """

    name: str
    module: str
    variant: str
    cells: Mapping[tuple[str, str], Cell]
    published: Evidence | None = None

    @property
    def floor(self) -> bool:
        """Whether it is what calling a module costs at all, the identity: to compare with, not to choose."""
        return any(row.get("family") == "floor" for row, _ in self.cells.values())

    def figure(self, measure: Measure, point: str) -> Span | Missing:
        """The figure at ``point`` with the ends of its interval, or why there is none."""
        if measure.metric is None:
            return self._published()
        row, notes = self.cells.get((point, measure.mode), ({}, {}))
        if not row:
            return Missing(
                "no train rows; run with --train" if measure.mode == "train" else "not measured there"
            )
        if row["status"] != "ok":
            return Missing(f"{row['status']}: {row['reason']}")
        value = row.get(measure.column)
        if value is None:
            return Missing(notes.get(measure.column) or ("not counted" if measure.exact else "not measured"))
        metric = measure.metric
        if metric.lower_bound and str(row.get(metric.lower_bound)).lower() == "true":
            operators = notes.get(metric.lower_bound, "some operators")
            return Missing(f"at least {measure.show(value)}, for {operators} could not be counted")
        return _span(row, metric, value) if metric.interval else Span.exact(value)

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


def _span(row: Row, metric: Metric, value: float) -> Span | Missing:
    low, high = (row.get(end) for end in metric.ends)
    if (low is None or high is None) and metric.name == "throughput":
        # A table of version 0.1.0 has the interval of the latency alone.
        low, high = _rate(row, "latency_ci_high_s"), _rate(row, "latency_ci_low_s")
    if low is None or high is None:
        samples = row.get(f"{metric.name}_n") or row.get("latency_n")
        return Missing(f"too few samples ({samples}) for an interval")
    return Span(low, value, high)


def _rate(row: Row, end: str) -> float | None:
    return row["batch"] / row[end] if row.get(end) else None


def candidates(
    rows: Sequence[Row], notes: Notes, published: Callable[[str], Evidence | None] = lambda module: None
) -> tuple[tuple[str, ...], list[Candidate]]:
    """The points at which ``rows`` were measured, and the candidates among them, both in the order of the rows.

    A point is a size, '256@56', with what else differs between the rows: 'batch 8', 'cuda:0'.
    """
    vary = [name for name in CONDITIONS if len({str(row.get(name)) for row in rows}) > 1]
    said: dict[int, dict[str, str]] = {}
    for (number, column), text in notes.items():
        said.setdefault(number, {})[column] = text
    points: dict[str, None] = {}
    grouped: dict[tuple[str, str, str], dict[tuple[str, str], Cell]] = {}
    places = places_of(rows)
    for number, row in enumerate(rows):
        point = label(row, vary)
        points[point] = None
        place = (
            row.get("place", "")
            if len(places[row["module"], row["variant"], row.get("host", "")]) > 1
            else ""
        )
        grouped.setdefault((row["module"], row["variant"], place), {})[point, row["mode"]] = (
            row,
            said.get(number, {}),
        )
    made = []
    for (module, variant, place), cells in grouped.items():
        settings = json.loads(next(iter(cells.values()))[0]["hyperparameters"] or "{}")
        name = display_name(module, variant, settings) + (f" {place}" if place else "")
        made.append(Candidate(name, module, variant, cells, published(module)))
    return tuple(points), made


def places_of(rows: Sequence[Row]) -> dict[tuple[str, str, str], set[str]]:
    """Where in which network each module with its setting is: only where it is in several places do they tell it apart."""
    found: dict[tuple[str, str, str], set[str]] = {}
    for row in rows:
        found.setdefault((row["module"], row["variant"], row.get("host", "")), set()).add(
            row.get("place", "")
        )
    return found


def label(row: Row, vary: Iterable[str] = ()) -> str:
    """The point of ``row``: '256@28x40', 'resnet50@224', and those of its conditions that vary."""
    size = f"{row.get('host') or row['channels']}@{show_res((row['height'], row['width']))}"
    said = ("host", "network_input")
    more = [
        _WRITTEN.get(name, str)(row[name])
        for name in vary
        if name not in said and row.get(name) not in (None, "")
    ]
    return " ".join([size, *map(str, more)])


def named(text: str, among: Sequence[Candidate]) -> Candidate:
    """The candidate that ``text`` names: 'se', 'cbam(reduction=8)', 'ge(theta)'. Raises UnknownNameError."""
    plain = text.replace(" ", "")
    wanted = {plain, _canonical(plain)}
    for each in among:
        if wanted & {each.name, f"{each.module}({each.variant})" if each.variant else each.module}:
            return each
    hint = nearest(plain, [each.name for each in among]) or "It has to be one of the run's own modules."
    raise UnknownNameError(f"no {text!r} in this run. {hint}")


def _canonical(text: str) -> str:
    """``text`` with its settings in the order in which a run writes them; as it is where the catalogue has no such module."""
    if is_path(text):
        return text
    with suppress(AttnprofError):
        if len(found := matching(text)) == 1:
            return f"{found[0].module}({found[0].variant})" if found[0].variant else found[0].module
    return text

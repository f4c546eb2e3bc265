"""The times of each process of a run, from the run's events."""

from collections.abc import Iterable, Mapping, Sequence
from math import exp, fsum, log
from statistics import median

from attnprof.comparison.ratios import Side
from attnprof.records.record import Event, Measurement, VisitEvent
from attnprof.stats import Interval, middle

REFERENCE = "reference"  # the metric of the control, a matmul that is the same in every run


def times(events: Iterable[Event], metric: str) -> dict[str, dict[int, float]]:
    """Seconds of each case in each process; a later visit of a process replaces an earlier one, and a run
    that takes a case over from another all that this has measured of it."""
    seconds: dict[str, dict[int, float]] = {}
    for event in events:
        if not isinstance(event, VisitEvent):
            if event.replaces:
                seconds.pop(event.key, None)
            continue
        for measurement in event.measurements:
            value = _seconds(measurement)
            if measurement.metric == metric and value:
                seconds.setdefault(event.key, {})[event.process] = value
    return seconds


def timed(events: Iterable[Event]) -> set[str]:
    """The metrics that are seconds, and of which some process has a value."""
    visits = (event for event in events if isinstance(event, VisitEvent))
    measurements = (measurement for visit in visits for measurement in visit.measurements)
    return {measurement.metric for measurement in measurements if _seconds(measurement)}


def _seconds(measurement: Measurement) -> float | None:
    value = measurement.value
    return value if measurement.unit == "s" and isinstance(value, int | float) else None


def side(seconds: Sequence[float], interval: Interval | None = None) -> Side | None:
    """One side of a comparison, from the seconds of its processes; None without processes."""
    return Side(middle(seconds), tuple(seconds), interval) if seconds else None


def of_reference(events: Iterable[Event]) -> list[float]:
    """Seconds of the control matmul in each process: the median over its blocks."""
    processes: dict[int, list[float]] = {}
    for of_case in times(events, REFERENCE).values():
        for process, seconds in of_case.items():
            processes.setdefault(process, []).append(seconds)
    return [median(seconds) for _, seconds in sorted(processes.items())]


def means(cells: Sequence[Mapping[int, float]]) -> list[float]:
    """The geometric mean over ``cells``, each process: figure, in each process that has them all."""
    whole = set.intersection(*(set(cell) for cell in cells)) if cells else set()
    return [exp(fsum(log(cell[process]) for cell in cells) / len(cells)) for process in sorted(whole)]

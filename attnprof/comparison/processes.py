"""What each process of a run found, out of the run's events."""

from collections.abc import Iterable, Mapping, Sequence
from math import exp, fsum, log
from statistics import median

from attnprof.comparison.ratios import Side
from attnprof.records.record import Event, Measurement, VisitEvent
from attnprof.stats import Interval, middle

REFERENCE = "reference"  # the metric that is the same call in every run
Times = Mapping[str, Mapping[int, float]]  # key of a case -> number of a process -> seconds


def times(events: Iterable[Event], metric: str) -> dict[str, dict[int, float]]:
    """The seconds that each process measured of each case; a later visit of a process replaces an earlier one."""
    seconds: dict[str, dict[int, float]] = {}
    for event in events:
        if not isinstance(event, VisitEvent):
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


def side(found: Sequence[float], interval: Interval | None = None) -> Side | None:
    """The side of a comparison that these processes are; None for none."""
    return Side(middle(found), tuple(found), interval) if found else None


def of_reference(events: Iterable[Event]) -> list[float]:
    """What each process found of the reference: the median over the blocks that it was measured with."""
    processes: dict[int, list[float]] = {}
    for of_case in times(events, REFERENCE).values():
        for process, seconds in of_case.items():
            processes.setdefault(process, []).append(seconds)
    return [median(found) for _, found in sorted(processes.items())]


def means(found: Times, keys: Sequence[str]) -> list[float]:
    """The geometric mean over the cases ``keys``, formed inside each process that has them all."""
    cases = [found[key] for key in keys]
    whole = set.intersection(*(set(case) for case in cases)) if cases else set()
    return [exp(fsum(log(case[process]) for case in cases) / len(cases)) for process in sorted(whole)]

"""Changes of figures with little or no noise: counts, shapes and bytes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from attnprof.records.record import AccountEvent, Event, Record

MEMORY = ("peak_memory", "requested_memory", "kept_memory")  # measured, but bytes of one call and no times


@dataclass(frozen=True)
class Change:
    """A figure of one cell that differs between two runs."""

    metric: str
    unit: str
    before: int | float | str
    after: int | float | str
    exact: bool = True  # a count; measured memory has some noise

    @property
    def share(self) -> float | None:
        """The relative change; None where a figure is no number, or was 0."""
        if isinstance(self.before, str) or isinstance(self.after, str) or not self.before:
            return None
        return self.after / self.before - 1


def counted(events: Iterable[Event]) -> frozenset[str]:
    """The metrics that are counts: known before anything is measured."""
    accounts = (event for event in events if isinstance(event, AccountEvent))
    return frozenset(measurement.metric for account in accounts for measurement in account.measurements)


def changes(was: Record, now: Record, counts: frozenset[str]) -> Iterator[Change]:
    """Figures that differ, of the metrics ``counts`` and of measured memory.

    A figure that one run lacks is no change.
    """
    for name, before in was.measurements.items():
        after = now.measurements.get(name)
        if after is None or before.value is None or after.value is None or before.value == after.value:
            continue
        if name in MEMORY or (name in counts and _is_figure(before.value)):
            yield Change(name, before.unit, before.value, after.value, exact=name in counts)


def _is_figure(value: int | float | str) -> bool:
    # A quotient changes with its counts, and a list of counts with their sum.
    return isinstance(value, int) or (isinstance(value, str) and value[:1] not in ("{", "["))

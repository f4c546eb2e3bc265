"""What was found: Measurement, Record, and the events from which a record is folded.

An event is a dict, one line of JSON in the journal. Three kinds:

    account   case, key, measurements, flags          exact counts, known before anything is timed
    visit     key, repeat, measurements, flags        what one process found by measuring
    done      case, key, status, reason

A record is the fold of a case's events, so interleaving and resuming need no special case. Where runs were merged, each
event says of which run it is, "run", and one case of two runs is two records.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

from attnprof.case import Case

Event = dict[str, Any]
# What disturbs or qualifies a figure, as its row says it.
FLAGS = {
    "contended": "others took the CPU; the figure is the thread's CPU time instead of wall time",
    "not-steady": "warm-up ended at its limit, before three blocks in a row agreed",
    "incomplete": "an operator without a rule was met: FLOPs and MACs are at least the figure shown",
    "tokens": "it takes tokens: the map was flattened to (N, H*W, C), and its answer made a map again",
}
STATUSES = ("ok", "skipped", "oom", "failed", "crashed", "timeout")


@dataclass(frozen=True)
class Measurement:
    """One metric's value, in its base unit, with what is needed to judge it.

    unit: 's', 'bytes', '1/s', 'count' or ''. interval: (low, high) in the same unit, its kind in interval_kind:
    'samples' (95 %, one process), 'spread' (interquartile, no interval) or 'exact'.
    n: how many samples stand behind it. note: why the value is missing, or what qualifies it.
    """

    metric: str
    value: int | float | str | None
    unit: str
    interval: tuple[float, float] | None = None
    interval_kind: str = ""
    n: int = 0
    note: str = ""

    def __post_init__(self) -> None:
        if self.value is None and not self.note:
            raise ValueError(f"{self.metric} is missing without a reason")

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """The measurement whose fields these are."""
        interval = fields.get("interval")
        return cls(**{**fields, "interval": None if interval is None else (interval[0], interval[1])})


@dataclass(frozen=True)
class Record:
    """A finished case: its measurements by metric, flags, and how it ended. run: its id, where several were merged."""

    case: Case
    status: str
    reason: str = ""
    flags: tuple[str, ...] = ()
    measurements: dict[str, Measurement] = field(default_factory=dict)
    run: str = ""

    def value(self, metric: str) -> int | float | str | None:
        """The metric's value, or None where there is none."""
        found = self.measurements.get(metric)
        return None if found is None else found.value


def account_event(case: Case, measurements: Iterable[Measurement], flags: Iterable[str] = ()) -> Event:
    """The exact counts of ``case``."""
    found = [dict(vars(m)) for m in measurements]
    named = {"key": case.key, "case": case.to_json()}
    return {"event": "account", **named, "measurements": found, "flags": list(flags)}


def visit_event(case: Case, repeat: int, measurements: Iterable[Measurement], flags: Iterable[str] = ()) -> Event:
    """What process ``repeat`` measured of ``case``."""
    found = [dict(vars(m)) for m in measurements]
    return {"event": "visit", "key": case.key, "repeat": repeat, "measurements": found, "flags": list(flags)}


def done_event(case: Case, status: str, reason: str = "") -> Event:
    """The end of ``case``; status is one of STATUSES, reason says why it is not 'ok'."""
    if status not in STATUSES or (status != "ok") != bool(reason):
        raise ValueError(f"status {status!r} with reason {reason!r}")
    return {"event": "done", "key": case.key, "case": case.to_json(), "status": status, "reason": reason}


def fold(events: Iterable[Event]) -> list[Record]:
    """The finished records, in the order in which they finished. A later event of a kind replaces an earlier one."""
    accounts: dict[tuple[str, str], tuple[list[Any], list[str]]] = {}
    visits: dict[tuple[str, str], tuple[list[Any], list[str]]] = {}
    done: dict[tuple[str, str], Event] = {}
    for event in events:
        key = event.get("run", ""), event["key"]
        if event["event"] == "account":
            accounts[key] = event["measurements"], event["flags"]
        elif event["event"] == "visit":
            visits[key] = event["measurements"], event["flags"]
        elif event["event"] == "done":
            done[key] = event
    records = []
    for key, end in done.items():
        (counted, first), (measured, then) = accounts.get(key, ([], [])), visits.get(key, ([], []))
        found = [Measurement.from_json(m) for m in [*counted, *measured]]
        records.append(
            Record(
                case=Case.from_json(end["case"]),
                status=end["status"],
                reason=end["reason"],
                flags=(*first, *then),
                measurements={m.metric: m for m in found},
                run=key[0],
            )
        )
    return records

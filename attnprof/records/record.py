"""What was found: Measurement, Record, and the events from which a record is folded.

An event is a dict, one line of JSON in the journal. Three kinds:

    account   case, key, measurements, flags, static  exact counts, known before anything is timed
    visit     key, repeat, measurements, flags        what one process found by measuring
    done      case, key, status, reason               nothing more will come of it

A record is the fold of a case's events, so interleaving and resuming need no special case. What each process found stays
in the journal: ratios between cells are formed inside each process first. Where runs were merged, each event says of which
run it is, "run", and one case of two runs is two records.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median_low
from typing import Any, Self

from attnprof.records.case import Case
from attnprof.stats import middle, process_interval

Event = dict[str, Any]
HOT = "hot-inputs"
# What disturbs or qualifies a figure, as its row says it.
FLAGS = {
    HOT: "all calls had one input, hot in cache",
    "contended": "others took the CPU: the figure is the thread's CPU time, or none with several threads",
    "not-steady": "warm-up ended at its limit, and its last block was not yet what the samples say",
    "drift": "the first, middle or last third of the samples differs from another by more than 3 %",
    "bimodal": "the samples have two values, and the median is one of them",
    "throttled": "the device slowed itself while some samples were taken; they are left out where others are left",
    "power-capped": "the device kept to its power limit",
    "launch-bound": "the device waits for launches: calls back to back take longer than their kernels",
    "leak": "a call keeps memory after its output was given back",
    "incomplete": "an operator without a rule was met: FLOPs and MACs are at least the figure shown",
    "tokens": "it takes tokens: the map was flattened to (N, H*W, C), and its answer made a map again",
}
STATUSES = ("ok", "skipped", "oom", "failed", "crashed", "timeout")


@dataclass(frozen=True)
class Measurement:
    """One metric's value, in its base unit, with what is needed to judge it.

    unit: 's', 'bytes', '1/s', 'count' or ''. interval: (low, high) in the same unit, its kind in interval_kind:
    'processes' (95 %, from process repeats), 'samples' (95 % within a process), 'spread' (interquartile, no interval) or
    'exact'. n: how many samples stand behind it. note: why the value is missing, or what qualifies it.
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


def account_event(
    case: Case,
    measurements: Iterable[Measurement],
    flags: Iterable[str] = (),
    static: dict[str, Any] | None = None,
) -> Event:
    """The exact counts of ``case``. static: what a run needs to know of it whatever was asked for: 'macs', the 'peak' bytes
    of its activations and the 'largest' tensor in words."""
    found = [dict(vars(m)) for m in measurements]
    named = {"key": case.key, "case": case.to_json()}
    return {"event": "account", **named, "measurements": found, "flags": list(flags), "static": static or {}}


def visit_event(
    case: Case,
    repeat: int,
    measurements: Iterable[Measurement],
    flags: Iterable[str] = (),
    device: dict[str, float] | None = None,
) -> Event:
    """What process ``repeat`` measured of ``case``. device: the state it was in meanwhile, where it tells."""
    found = [dict(vars(m)) for m in measurements]
    state = {"device": device} if device else {}
    return {
        "event": "visit",
        "key": case.key,
        "repeat": repeat,
        "measurements": found,
        "flags": list(flags),
        **state,
    }


def done_event(case: Case, status: str, reason: str = "") -> Event:
    """The end of ``case``; status is one of STATUSES, reason says why it is not 'ok'."""
    if status not in STATUSES or (status != "ok") != bool(reason):
        raise ValueError(f"status {status!r} with reason {reason!r}")
    return {"event": "done", "key": case.key, "case": case.to_json(), "status": status, "reason": reason}


def fold(events: Iterable[Event]) -> list[Record]:
    """The records: of the cells that are done, and then of those measured by some of their processes, in the order in which
    that came about. A later event of a kind, and of a process, replaces an earlier one."""
    accounts: dict[tuple[str, str], Event] = {}
    visits: dict[tuple[str, str], dict[int, Event]] = {}
    done: dict[tuple[str, str], Event] = {}
    for event in events:
        key = event.get("run", ""), event["key"]
        if event["event"] == "account":
            accounts[key] = event
        elif event["event"] == "visit":
            visits.setdefault(key, {})[event["repeat"]] = event
        elif event["event"] == "done":
            done[key] = event
    begun = [key for key in visits if key in accounts and key not in done]
    unfinished = {key: {"case": accounts[key]["case"], "status": "ok", "reason": ""} for key in begun}
    records = []
    for key, end in {**done, **unfinished}.items():
        counted = accounts.get(key, {"measurements": [], "flags": []})
        repeats = [event for _, event in sorted(visits.get(key, {}).items())]
        found = [*map(Measurement.from_json, counted["measurements"]), *_measured(repeats)]
        flags = dict.fromkeys(flag for event in [counted, *repeats] for flag in event["flags"])
        records.append(
            Record(
                case=Case.from_json(end["case"]),
                status=end["status"],
                reason=end["reason"],
                flags=tuple(flags),
                measurements={m.metric: m for m in found},
                run=key[0],
            )
        )
    return records


def by_process(events: Iterable[Event]) -> dict[int, dict[str, dict[str, Measurement]]]:
    """What each process found: its number -> the case's key -> the metric -> one process's measurement.

    Ratios between cells are formed from these, inside each process first: what a process is given, a slower clock or an
    unlucky layout of memory, all its cells share.
    """
    found: dict[int, dict[str, dict[str, Measurement]]] = {}
    for event in events:
        if event["event"] == "visit":
            each = map(Measurement.from_json, event["measurements"])
            found.setdefault(event["repeat"], {})[event["key"]] = {m.metric: m for m in each}
    return found


def _measured(repeats: list[Event]) -> list[Measurement]:
    """What the processes found together, and how many they were."""
    found: dict[str, list[Measurement]] = {}
    for event in repeats:
        for measurement in map(Measurement.from_json, event["measurements"]):
            found.setdefault(measurement.metric, []).append(measurement)
    together = [_together(each) for each in found.values()]
    return [*together, Measurement("processes", len(repeats), "count")] if repeats else together


def _together(found: list[Measurement]) -> Measurement:
    """One measurement from one of each process.

    Times, rates and shares: the median of the processes' medians, with the interval of these; below three processes what
    holds all of their own intervals. Counts add up, of bytes the most, of what is no number the first.
    """
    there = [each for each in found if each.value is not None]
    if len(there) < 2:
        return (there or found)[0]
    first, values = there[0], [each.value for each in there]
    n, note = sum(each.n for each in there), next((each.note for each in there if each.note), "")
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) < len(values):
        return first
    if first.unit == "count":
        return Measurement(first.metric, sum(numbers), "count", n=n, note=note)
    if first.unit == "bytes":
        return Measurement(
            first.metric, max(numbers), "bytes", interval_kind=first.interval_kind, n=n, note=note
        )
    if min(numbers) <= 0:
        return Measurement(first.metric, median_low(numbers), first.unit, n=n, note=note)
    interval, kind = process_interval(numbers), "processes"
    if interval is None:
        ends = [each.interval for each in there if each.interval]
        interval, kind = (
            (min(low for low, _ in ends), max(high for _, high in ends)) if ends else None,
            first.interval_kind,
        )
    return Measurement(first.metric, middle(numbers), first.unit, interval, kind if interval else "", n, note)

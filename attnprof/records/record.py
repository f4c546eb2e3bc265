"""What a run is recorded as: events on disk, and the Record of a case that is folded from its events.

Three kinds of events are kept, one line of JSON each (attnprof.records.journal):

    account   exact counts, known before anything is measured
    visit     what one process measured
    done      the end of the case: nothing more follows

Interleaving and resuming need no special case. The measurements of each process stay in the journal, because
ratios between cells are formed inside each process first. Merged runs mark each event with the id of its run;
one case of two runs is two records.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median_low

import msgspec

from attnprof.records.case import Case, Count, Whole
from attnprof.stats import FEWEST_PROCESSES, Interval, geometric_mean, mean_interval, middle, process_interval

Number = int | float
Scalar = bool | int | float | str | None
HOT = "hot-inputs"
RATIO = "x"  # the unit of a ratio to the baseline
USUAL_BASELINE = "se"  # the module that ratios are to, unless a run names another
ROUGH = "rough"  # the kind of an interval, or of none, of a figure that rests on too few of a run's processes
RESOLUTION = "resolution"  # the kind of an interval that is a counter's steps, and no matter of processes
# What disturbs or qualifies a figure, as its row says it.
FLAGS = {
    HOT: "every call had the same input, in cache (hot)",
    "contended": "other programs used the CPU: its time, or none, is shown; close them or use taskset",
    "loaded": "other programs used a fifth of the cores or more: trust the ratio; close them for the latency",
    "not-steady": "still becoming faster at the end, so it is too high; a longer --time-budget helps",
    "drift": "speed changed by more than 10 % during the measurement; trust the ratio, or measure again",
    "bimodal": "the samples lie around two values; pin the run to one kind of core with taskset",
    "throttled": "the device throttled during some samples; they do not count where others are clean",
    "power-capped": "the device ran at its power limit",
    "launch-bound": "the device waits for kernel launches: back-to-back calls take longer than their kernels",
    "leak": "a call keeps memory after its output is freed",
    "changes-input": "it writes to its input, which was made anew for those after it",
    "changes-settings": "it changes settings of the whole process; put back before others were measured",
    "changes-process": "it changes its process for good, or leaves threads or processes: measured alone",
    "other-shape": "its output has another shape than its input",
    "other-dtype": "its output has another dtype than its input",
    "not-finite": "its output has values that are NaN or infinite",
    "not-repeatable": "two calls with one input differ, in eval",
    "incomplete": "some operators have no counting rule: FLOPs and MACs are lower bounds",
    "real-run": "reads values: counted on a real run with random ones, not from shapes alone",
    "tokens": "takes tokens: the map is flattened to (N, H*W, C), and the output reshaped to a map",
}
# Of these a remark of the same row says more.
REMARKED = frozenset(("tokens", "other-shape"))
# Of these a row has only those of at least half of its processes: fewer do not move the middle of all.
PASSING = frozenset(("contended", "loaded", "not-steady", "drift", "bimodal"))
# After a case with one of these its process is not as it was, and another takes its place.
SPOILING = frozenset(("leak", "changes-process"))
STATUSES = ("ok", "skipped", "oom", "failed", "crashed", "timeout")


class Measurement(msgspec.Struct, frozen=True, gc=False):
    """One metric's value, in its base unit, with what is needed to judge it."""

    metric: str
    value: Scalar  # None where there is none; ``note`` then has the reason
    unit: str  # 's', 'bytes', '1/s', 'FLOP/byte', 'count', 'x' (a ratio) or ''
    interval: tuple[Number, Number] | None = None  # (low, high), in the same unit
    # 'processes': 95 %, from several processes. 'samples': 95 %, within one process. 'spread': the
    # interquartile range, which is no confidence interval. 'resolution': a counter's, of one process.
    # 'exact': the value has no noise.
    interval_kind: str = ""
    n: Whole = 0  # samples behind the value
    note: str = ""  # why the value is missing, or what qualifies it

    def __post_init__(self) -> None:
        if self.value is None and not self.note:
            raise ValueError(f"{self.metric} is missing without a reason")


class Footprint(msgspec.Struct, frozen=True, gc=False):
    """What one call needs, by exact count: known before a case is started."""

    macs: Count = 0  # multiply-accumulates
    peak: Count = 0  # bytes of the activations alive at once, at most
    weights: Count = 0  # bytes of the parameters and buffers
    largest: str = ""  # the largest tensor, in words


class DeviceState(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The state of a device while a case was measured."""

    clock: Number  # Hz, the median
    throttled: Number  # share of the samples taken while the device slowed itself
    celsius: Number | None = None  # the maximum; None where the device does not report it
    watts: Number | None = None  # the maximum; None where the device does not report it


class AccountEvent(
    msgspec.Struct, frozen=True, gc=False, tag_field="event", tag="account", omit_defaults=True
):
    """The exact counts of a case."""

    key: str  # of the case
    case: Case
    measurements: tuple[Measurement, ...]
    flags: tuple[str, ...]
    footprint: Footprint = msgspec.field(name="static", default_factory=Footprint)
    run: str = ""  # id of the run, where several were merged
    remarks: tuple[str, ...] = ()  # how it was built and called, and what it gives: a sentence each
    replaces: str = ""  # id of a run that this one takes the case over from: its events count no more


class VisitEvent(msgspec.Struct, frozen=True, gc=False, tag_field="event", tag="visit", omit_defaults=True):
    """The measurements of a case in one process."""

    key: str  # of the case
    process: Whole = msgspec.field(name="repeat")  # number of the process, from 0
    measurements: tuple[Measurement, ...]
    flags: tuple[str, ...]
    device: DeviceState | None = None  # None where the device does not report its state
    run: str = ""  # id of the run, where several were merged


class DoneEvent(msgspec.Struct, frozen=True, gc=False, tag_field="event", tag="done", omit_defaults=True):
    """The end of a case."""

    key: str  # of the case
    case: Case
    status: str  # one of STATUSES
    reason: str  # why the status is not 'ok'
    run: str = ""  # id of the run, where several were merged
    replaces: str = ""  # as of AccountEvent


Event = AccountEvent | VisitEvent | DoneEvent


def account_event(
    case: Case,
    measurements: Iterable[Measurement],
    flags: Iterable[str] = (),
    footprint: Footprint | None = None,
    remarks: Iterable[str] = (),
) -> AccountEvent:
    """The exact counts of ``case``. footprint: whatever metrics were chosen, a run needs to know it."""
    return AccountEvent(
        case.key,
        case,
        tuple(measurements),
        tuple(flags),
        footprint or Footprint(),
        remarks=tuple(remarks),
    )


def visit_event(
    case: Case,
    process: int,
    measurements: Iterable[Measurement],
    flags: Iterable[str] = (),
    device: DeviceState | None = None,
) -> VisitEvent:
    """The measurements of ``case`` in one process. device: its state meanwhile."""
    return VisitEvent(case.key, process, tuple(measurements), tuple(flags), device)


def done_event(case: Case, status: str, reason: str = "") -> DoneEvent:
    """The end of ``case``; status is one of STATUSES, reason says why it is not 'ok'."""
    if status not in STATUSES or (status != "ok") != bool(reason):
        raise ValueError(f"status {status!r} with reason {reason!r}")
    return DoneEvent(case.key, case, status, reason)


@dataclass(frozen=True)
class Record:
    """A finished case: its measurements, its flags, and how it ended."""

    case: Case
    status: str
    reason: str = ""
    flags: tuple[str, ...] = ()
    measurements: dict[str, Measurement] = field(default_factory=dict)  # by metric
    run: str = ""  # id of the run, where several were merged
    rough: bool = False  # whether its times rest on too few processes, where other records' rest on more
    remarks: tuple[str, ...] = ()  # how it was built and called, and what it gives: a sentence each

    def value(self, metric: str) -> int | float | str | None:
        """The metric's value, or None where there is none."""
        measurement = self.measurements.get(metric)
        return None if measurement is None else measurement.value


CaseId = tuple[str, str]  # (id of the run, key of the case)


def fold(events: Iterable[Event], most: Mapping[str, int] | None = None) -> list[Record]:
    """The records of the finished cases, in the order in which they finished, and then of those that only
    some of their processes have measured. A later event of a kind, or of a process, replaces an earlier
    one.

    most: run -> the processes behind that of its cases that has most of them, where ``events`` are a part.
    """
    latest = _Latest()
    for event in events:
        latest.add(event)
    most = latest.most_processes() if most is None else most
    ends = latest.ends | latest.ends_of_unfinished()
    return [
        _record(end, latest.accounts.get(case_id), latest.visits.get(case_id, {}), most.get(end.run, 0))
        for case_id, end in ends.items()
    ]


@dataclass(frozen=True)
class _Latest:
    """The last event of each kind, and of each process, by case."""

    accounts: dict[CaseId, AccountEvent] = field(default_factory=dict)
    visits: dict[CaseId, dict[int, VisitEvent]] = field(default_factory=dict)  # by process
    ends: dict[CaseId, DoneEvent] = field(default_factory=dict)

    def add(self, event: Event) -> None:
        """Put ``event`` in the place of the earlier one."""
        case_id = event.run, event.key
        if not isinstance(event, VisitEvent) and event.replaces:
            self._forget((event.replaces, event.key))
        match event:
            case AccountEvent():
                self.accounts[case_id] = event
            case VisitEvent():
                self.visits.setdefault(case_id, {})[event.process] = event
            case DoneEvent():
                self.ends[case_id] = event

    def _forget(self, case_id: CaseId) -> None:
        self.accounts.pop(case_id, None)
        self.visits.pop(case_id, None)
        self.ends.pop(case_id, None)

    def most_processes(self) -> dict[str, int]:
        """Run -> the processes behind that of its cases that has most of them."""
        most: dict[str, int] = {}
        for (run, _), of_case in self.visits.items():
            most[run] = max(most.get(run, 0), len(of_case))
        return most

    def ends_of_unfinished(self) -> dict[CaseId, DoneEvent]:
        """An end for each case that only some of its processes have measured."""
        begun = [case_id for case_id in self.visits if case_id in self.accounts]
        return {case_id: self._end_of_unfinished(case_id) for case_id in begun if case_id not in self.ends}

    def _end_of_unfinished(self, case_id: CaseId) -> DoneEvent:
        run, _ = case_id
        return msgspec.structs.replace(done_event(self.accounts[case_id].case, "ok"), run=run)


def _record(
    end: DoneEvent, account: AccountEvent | None, visits: Mapping[int, VisitEvent], most: int
) -> Record:
    """most: processes behind any record of the run."""
    processes = [visit for _, visit in sorted(visits.items())]
    counts = account.measurements if account else ()
    flags = (*(account.flags if account else ()), *_lasting_flags(processes))
    measurements = [*counts, *_of_all_processes(processes)]
    by_metric = {measurement.metric: measurement for measurement in measurements}
    rough = 0 < len(processes) < min(FEWEST_PROCESSES, most)
    return Record(
        end.case,
        end.status,
        end.reason,
        tuple(dict.fromkeys(flags)),
        by_metric,
        end.run,
        rough,
        account.remarks if account else (),
    )


def _lasting_flags(visits: Sequence[VisitEvent]) -> list[str]:
    """The flags of the processes that concern the figure over all of them."""
    times = Counter(flag for visit in visits for flag in visit.flags)
    return [flag for flag, count in times.items() if flag not in PASSING or 2 * count >= len(visits)]


def _of_all_processes(visits: Sequence[VisitEvent]) -> list[Measurement]:
    """One measurement for each metric, and the number of processes."""
    if not visits:
        return []
    by_metric: dict[str, list[Measurement]] = {}
    for visit in visits:
        for measurement in visit.measurements:
            by_metric.setdefault(measurement.metric, []).append(measurement)
    combined = [_combine(measurements) for measurements in by_metric.values()]
    return [*combined, Measurement("processes", len(visits), "count")]


def _combine(measurements: Sequence[Measurement]) -> Measurement:
    """One measurement from one of each process.

    Times, rates and shares: the median of the processes' figures, with its interval; below three processes
    the hull of their own intervals. Ratios: the geometric mean, with its interval. Counts: the sum. Bytes:
    the maximum. Texts: the first.
    """
    present = [measurement for measurement in measurements if measurement.value is not None]
    if len(present) < 2:
        return (present or measurements)[0]
    numbers = [measurement.value for measurement in present if isinstance(measurement.value, int | float)]
    if len(numbers) < len(present):
        return present[0]
    return _of_numbers(numbers, present)


def _of_numbers(numbers: Sequence[Number], present: Sequence[Measurement]) -> Measurement:
    """One measurement from those of several processes. numbers: their values."""
    value, interval, kind = _combined(numbers, present)
    samples = sum(measurement.n for measurement in present)
    note = next((measurement.note for measurement in present if measurement.note), "")
    return Measurement(present[0].metric, value, present[0].unit, interval, kind, samples, note)


def _combined(
    numbers: Sequence[Number], present: Sequence[Measurement]
) -> tuple[Number, Interval | None, str]:
    """One value of several processes, its interval, and the kind of that."""
    first = present[0]
    if first.unit == "count":
        return sum(numbers), None, ""
    if first.unit == "bytes":
        return max(numbers), None, first.interval_kind
    if min(numbers) <= 0:
        return median_low(numbers), None, ""
    if first.unit == RATIO and (interval := mean_interval(numbers)):
        return geometric_mean(numbers), interval, "processes"
    if interval := process_interval(numbers):
        return middle(numbers), interval, "processes"
    hull = _hull(present)
    return middle(numbers), hull, first.interval_kind if hull else ""


def _hull(measurements: Sequence[Measurement]) -> Interval | None:
    """The least interval that holds all of theirs; None where none has one."""
    intervals = [measurement.interval for measurement in measurements if measurement.interval]
    if not intervals:
        return None
    return min(low for low, _ in intervals), max(high for _, high in intervals)

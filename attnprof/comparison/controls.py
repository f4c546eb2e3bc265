"""What a cell's time is divided by in each process, so that a machine that became slower is no slower cell.

The control is the baseline, where the processes of both runs have formed ratios to it, and the control
product for the baseline itself and for runs without ratios. No other cell serves: where that became slower,
all others would look faster. Without a control, times are compared as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attnprof.comparison.processes import REFERENCE, times
from attnprof.records.case import Case
from attnprof.records.record import RATIO, Event, VisitEvent
from attnprof.stats import Interval

PRODUCT = "the control product"
BASELINE, VS_BASELINE, LATENCY = "baseline", "vs_baseline", "latency"  # metrics
Processes = Mapping[int, float]  # number of a process: a figure


@dataclass(frozen=True)
class Control:
    """The figures of one cell in both runs, divided by those of a control in each process."""

    name: str  # of the control; empty: these are the seconds themselves
    before: Processes
    after: Processes


class Timed:
    """The times of one run, with those of what may be their control."""

    def __init__(self, events: Sequence[Event], metric: str) -> None:
        self.seconds = times(events, metric)
        self._reference = {} if metric == REFERENCE else times(events, REFERENCE)
        self._ratios: dict[str, dict[int, float]] = {}  # to the baseline, by key of a case
        self._baseline = ""  # its title
        for event in events:
            if isinstance(event, VisitEvent) and metric == LATENCY:
                self._see(event)

    def _see(self, event: VisitEvent) -> None:
        for each in event.measurements:
            if each.metric == BASELINE and isinstance(each.value, str):
                self._baseline = each.value
            if each.metric == VS_BASELINE and each.unit == RATIO and isinstance(each.value, float):
                self._ratios.setdefault(event.key, {})[event.process] = each.value

    @property
    def baseline(self) -> str:
        """The title of the module that its processes have formed ratios to; empty where they have not."""
        return self._baseline

    def ratios(self, case: Case) -> Processes:
        """Its ratios to the baseline, as its processes have formed them."""
        return self._ratios.get(case.key, {})

    def over_product(self, case: Case) -> Processes:
        """Its times over those of the control product in the same rounds."""
        return _quotients(self.seconds.get(case.key, {}), self._reference.get(case.key, {}))


def control_of(was: Case, now: Case, before: Timed, after: Timed) -> Control:
    """The figures of the cell ``was`` of one run, which is ``now`` in the other, over those of a control."""
    pairs = [(PRODUCT, before.over_product(was), after.over_product(now))]
    if before.baseline == after.baseline != was.title:
        pairs.insert(0, (before.baseline, before.ratios(was), after.ratios(now)))
    for name, ours, theirs in pairs:
        if ours and theirs:
            return Control(name, ours, theirs)
    return Control("", before.seconds.get(was.key, {}), after.seconds.get(now.key, {}))


def scaled(interval: Interval | None, seconds: float, figure: float) -> Interval | None:
    """The interval of ``seconds``, as one of a ``figure`` that is they over a control."""
    return None if interval is None else (interval[0] * figure / seconds, interval[1] * figure / seconds)


def _quotients(ours: Processes, theirs: Processes) -> Processes:
    return {process: value / theirs[process] for process, value in ours.items() if process in theirs}

"""What the events of a run say of its cells, as the race between them needs it."""

from collections.abc import Iterable
from math import log, sqrt
from statistics import median, stdev

from attnprof.planning import Plan
from attnprof.records.case import conditions
from attnprof.records.record import AccountEvent, Measurement, VisitEvent
from attnprof.running.racing import COSTS, LATENCY, Standing
from attnprof.running.schedule import work
from attnprof.running.timetable import RATE
from attnprof.stats import geometric_mean, student

RATIO = "vs_baseline"  # the metric of a cell's time over the baseline's


class Standings:
    """The figures of the cells of a plan, gathered from events as they come."""

    def __init__(self, plan: Plan) -> None:
        baselines = {case.key for case in plan.baselines}
        self._staying = plan.named | baselines
        self._accounts: dict[str, AccountEvent] = {}
        self._costs: dict[str, dict[str, float]] = {}  # by key and metric
        self._visited: set[str] = set()
        self._widths: list[float] = []  # of the ratios' intervals within a process, halved, as shares
        self._processes: dict[str, dict[str, dict[int, float]]] = {
            LATENCY: {},
            RATIO: {},
        }  # by metric and key

    @property
    def keys(self) -> frozenset[str]:
        """Of the cells that a process has measured."""
        return frozenset(self._processes[LATENCY])

    @property
    def seen(self) -> frozenset[str]:
        """Keys of the cells that a process has visited, whether or not a latency came of it."""
        return frozenset(self._visited)

    def precision(self, processes: int) -> float | None:
        """Half of the interval's width to be expected of a ratio over so many processes, as a share.

        From the ratios of the cells that several have measured already, after the first from its own
        intervals; None without any.
        """
        several = [list(map(log, each.values())) for each in self._processes[RATIO].values() if len(each) > 1]
        if several and processes > 1:
            spread = median(stdev(logs) for logs in several)
            return student(processes - 1) * spread / sqrt(processes)
        return median(self._widths) if self._widths else None

    def see(self, event: object) -> None:
        """Take one event in."""
        if isinstance(event, AccountEvent):
            self._accounts[event.key] = event
            for each in event.measurements:
                self._see_cost(event.key, each)
        elif isinstance(event, VisitEvent):
            self._visited.add(event.key)
            for each in event.measurements:
                self._see_cost(event.key, each)
                self._see_time(event, each)

    def _see_cost(self, key: str, measurement: Measurement) -> None:
        value = measurement.value
        if measurement.metric in COSTS and isinstance(value, int | float):
            self._costs.setdefault(key, {})[measurement.metric] = value

    def _see_time(self, visit: VisitEvent, measurement: Measurement) -> None:
        value, interval = measurement.value, measurement.interval
        if measurement.metric not in self._processes or not isinstance(value, int | float) or value <= 0:
            return
        self._processes[measurement.metric].setdefault(visit.key, {})[visit.process] = value
        if measurement.metric == RATIO and interval:
            self._widths.append((interval[1] - interval[0]) / (2 * value))

    def latency(self, account: AccountEvent) -> float:
        """Seconds of a call, as measured; a guess before a process has measured the case."""
        seconds = self._processes[LATENCY].get(account.key)
        return geometric_mean(list(seconds.values())) if seconds else work(account) / RATE

    def of(self, keys: Iterable[str]) -> list[Standing]:
        """The standings of the cells ``keys``, which are measured."""
        return [self._standing(key) for key in sorted(keys)]

    def _standing(self, key: str) -> Standing:
        case = self._accounts[key].case
        seconds, ratios = (self._processes[name].get(key, {}) for name in (LATENCY, RATIO))
        return Standing(
            key,
            case.title,
            conditions(case),
            tuple(seconds.values()),
            tuple(ratios.values()),
            self._costs.get(key, {}),
            key in self._staying,
        )

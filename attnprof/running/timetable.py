"""How the time of a run is divided: over its processes, over the blocks of each, and for what comes after.

A run with a time budget ends with it. One without a number plans its own: it looks at what the first process
took, and gives the others as much as the cells whose place is open deserve.
"""

from collections.abc import Callable, Iterable, Sequence
from math import ceil, inf
from time import monotonic

from attnprof.measuring.rounds import WARM_SECONDS, Effort
from attnprof.measuring.trial import (
    DEAR_SECONDS,
    REWARM_SECONDS,
    SAMPLES,
    VISIT_SECONDS,
    WARM_UP_SECONDS,
    rough_samples,
)
from attnprof.planning import Plan
from attnprof.planning.shards import expected_work
from attnprof.running.models import by_model, export_seconds, preparation_seconds
from attnprof.running.racing import SURE
from attnprof.stats import FEWEST

START_SECONDS = 3.0  # of a worker, until one has been seen: importing torch, and inputs larger than the cache
COUNT_SECONDS = 10e-3  # of a cell, by our own counter
BUILD_SECONDS = 5e-3  # of a cell, its first call apart
FIRST_SHARE = 0.6  # of the time to measure in: the first of several processes begins no cell beyond it
LEAST_SECONDS = 1.0  # to measure in, whatever the start of the first worker has left of a budget
PEAKS_LEAVE = 8.0  # seconds that there have to be for measuring the device's peaks, which takes two or three
GOOD_VISITS = 20  # of a cell in a process, for a figure worth its start
LEAST_GOOD = 2.0  # seconds of a process that plans its own time
PLANNED_SECONDS = 86.0  # until measuring ends in a run that plans its own time, unless that is long begun:
LONG_FIRST = 2.0  # times what there was until the end of the first process, less half of those
ROUGH_SECONDS = 32.0  # for the rough figures of such a run; of more cells they have fewer samples:
ROUGH_SHARES = (1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25)  # of those that a rough figure has otherwise
COUNTERS_SHARE = 0.1  # of the run, for the other counters, at most
COUNTERS_SECONDS = 0.15  # of a cell, for the other counters
SLACK = 1.2  # of its share: what a block of a later process may take to finish cells that are begun
ROOM = 2.0  # times what rough figures of the blocks to come are reckoned to take: that is left to them
PATIENCE = 0.8  # of the timeout: after that a case is left with the samples that it has
MOMENT = 1e-3  # seconds that a sum may be off
RATE = 3e10  # of a guess: MACs per second, as ``attnprof.running.schedule.work`` counts them


def rough_seconds(latency: float, share: float = 1.0) -> float:
    """What a rough figure of a cell takes in a process, its warm-up included. latency: of a call. share: of
    its samples; where it is less than all, there are so many cells that each is warmed up as shortly as can
    be."""
    if latency >= DEAR_SECONDS:
        return BUILD_SECONDS + 2 * latency
    visits = ceil(ceil(share * rough_samples(latency)) / SAMPLES)
    warm = _warm_seconds(latency) if share == 1.0 else _shortly_warm_seconds(latency)
    return warm + visits * _visit_seconds(latency)


def good_seconds(latency: float) -> float:
    """What a good figure of a cell takes in a process: more visits than a rough one of a cheap call."""
    if latency >= DEAR_SECONDS:
        return BUILD_SECONDS + 3 * latency
    visits = GOOD_VISITS * rough_samples(latency) / rough_samples(0.0)
    return max(rough_seconds(latency), _warm_seconds(latency) + visits * _visit_seconds(latency))


def _warm_seconds(latency: float) -> float:
    return BUILD_SECONDS + latency + max(WARM_UP_SECONDS, 3 * latency)


def _shortly_warm_seconds(latency: float) -> float:
    return BUILD_SECONDS + latency + max(WARM_SECONDS[0], latency)


def _visit_seconds(latency: float) -> float:
    return max(REWARM_SECONDS, latency) + max(VISIT_SECONDS, SAMPLES * latency)


class Timetable:
    """When the parts of a run end. ``started``: when it began, by ``clock``.

    What ``leave_out`` says is outside the budget: then all ends that much later.
    """

    def __init__(self, plan: Plan, started: float, clock: Callable[[], float] = monotonic) -> None:
        self._plan, self._started, self._clock = plan, started, clock
        self._total = inf if plan.time_budget is None else plan.time_budget
        self._start = START_SECONDS
        self._pace = 1.0  # how many times as long as reckoned the cells take: on a busy machine longer
        self._began = self._part_end = self._last_end = inf  # of the process at hand
        self._rough_share = 1.0  # of its rough figures' samples, as ROUGH_SHARES has them
        self._left_out = 0.0  # seconds

    @property
    def seconds(self) -> float:
        """Of the whole run, as far as is known now; infinite where nothing limits it."""
        return self._total

    @property
    def elapsed(self) -> float:
        """Seconds of the run until now, without those that are left out."""
        return self._clock() - self._started

    def leave_out(self, seconds: float) -> None:
        """So many of the seconds until now are outside the budget."""
        self._left_out += seconds
        self._started += seconds
        self._began += seconds
        self._part_end += seconds
        self._last_end += seconds

    def has_time_for_peaks(self) -> bool:
        """Whether measuring the device's peaks leaves most of the time to the cells."""
        return self._measuring_end - self._clock() >= PEAKS_LEAVE

    def first(self, guesses: Sequence[float]) -> None:
        """The first process begins, over cells whose calls may take ``guesses`` seconds."""
        plan = self._plan
        remaining = self._measuring_end - self._clock()
        part = remaining / plan.processes
        if plan.auto_budget:
            part = min(max(LEAST_GOOD, sum(map(good_seconds, guesses))), PLANNED_SECONDS / plan.processes)
        share = 1.0 if plan.processes == 1 else FIRST_SHARE
        self._begin(max(0.0, part), max(LEAST_SECONDS, share * remaining))

    def begins(self, process: int, latencies: Sequence[float]) -> bool:
        """Whether there is time for one more process, over cells of ``latencies`` or the cheaper half of
        them. Then it begins."""
        remaining = self._measuring_end - self._clock()
        if remaining == inf:
            self._begin(inf, inf)
            return True
        rough, good = (self._pace * sum(map(cost, latencies)) for cost in (rough_seconds, good_seconds))
        cheap = self._pace * sum(map(rough_seconds, sorted(latencies)[: ceil(len(latencies) / 2)]))
        if remaining < self._start + cheap:
            return False
        wanted = self._start + max(rough, good / 2)
        fitting = (remaining + MOMENT) // (self._start + rough)  # of rough figures
        sure = min(SURE - process, fitting)  # rather than none
        processes = min(self._plan.processes - process, max(1.0, sure, remaining // wanted))
        part = remaining / processes
        self._begin(part, min(remaining, SLACK * part))
        return True

    def process_ended(self, latencies: Sequence[float]) -> None:
        """The process at hand ended, over cells that now have ``latencies``. One whose part was too short
        for rough figures has taken no others, and shows how long these take."""
        now, rough = self._clock(), self._rough_seconds(latencies, self._rough_share)
        if rough > self._part_end - self._began:
            self._pace = max(1.0, (now - self._began) / rough)

    def worker_started(self, seconds: float) -> None:
        """A fresh worker took so long to be ready."""
        self._start = max(seconds, self._start if self._start != START_SECONDS else 0.0)
        self._began = self._clock()

    def plan_rest(self, latencies: Sequence[float]) -> None:
        """Set the end of a run that plans its own, from what its first process took and the cells of
        ``latencies`` that the others are to measure. Once: what is planned stays."""
        if not self._plan.auto_budget or self._total != inf:
            return
        others = self._plan.processes - 1
        wanted = others * self._wanted(latencies) if latencies else 0.0
        sure = (SURE - 1) * (self._start + self._pace * sum(map(rough_seconds, latencies)))
        limit = self._limit(self.elapsed, sure) if self._plan.race else inf
        measuring = max(self.elapsed, min(self.elapsed + wanted, limit))
        self._total = self._with_counters(measuring)

    @staticmethod
    def _limit(first: float, sure: float) -> float:
        """When measuring ends at the latest in a run that plans its own time and whose first process ended
        ``first`` seconds from its start. sure: seconds of the processes that every open cell has."""
        return max(PLANNED_SECONDS, first + sure, LONG_FIRST * first - PLANNED_SECONDS / 2)

    def holds(self, latencies: Sequence[float]) -> bool:
        """Whether there is time to measure cells of ``latencies`` in a process, and in every one after it."""
        if self._plan.auto_budget:
            return False
        if self._total == inf:
            return True
        remaining = self._measuring_end - self._clock()
        return remaining >= (self._plan.processes - 1) * (self._start + sum(map(good_seconds, latencies)))

    def effort(self, process: int, latencies: Sequence[float], waiting: Iterable[float]) -> Effort:
        """What a block of cells of ``latencies`` gets of the process at hand, in which cells of ``waiting``
        are still to be measured, these included."""
        plan, waiting = self._plan, list(waiting)
        self._rough_share = 1.0 if process else self._first_rough_share(waiting)
        total = sum(map(good_seconds, waiting))
        share = sum(map(good_seconds, latencies)) / total if total else 1.0
        return Effort(
            seconds=self._share_until(self._part_end, share),
            precision=plan.precision,
            fewest=FEWEST if plan.processes == 1 else 1,
            each=inf if plan.timeout is None else PATIENCE * plan.timeout,
            seed=plan.seed + process,
            most=max(self._share_until(self._last_end, share), self._beyond_others(latencies, waiting)),
            rough=self._rough_share,
        )

    def _first_rough_share(self, latencies: Sequence[float]) -> float:
        """What share of their samples the rough figures of cells of ``latencies``, which the first process is
        still to measure, can have. The cells whose place is open are measured again, the others have less."""
        if not (self._plan.auto_budget and self._plan.race):
            return 1.0
        remaining = self._began + ROUGH_SECONDS - self._clock()
        fitting = (share for share in ROUGH_SHARES if self._rough_seconds(latencies, share) <= remaining)
        return next(fitting, ROUGH_SHARES[-1])

    @staticmethod
    def _rough_seconds(latencies: Iterable[float], share: float) -> float:
        return sum(rough_seconds(latency, share) for latency in latencies)

    def counters_end(self) -> float:
        """When the other counters, which begin now, have to end, by the clock."""
        return min(self._clock() + COUNTERS_SHARE * self._total, self._started + self._total)

    def until(self, end: float) -> float:
        """Seconds from now to ``end``."""
        return end - self._clock()

    def forecast(self, latencies: Sequence[float], process: int) -> float:
        """Seconds that the whole run is expected to take, with the processes after ``process``. What will be
        left out is not among them."""
        return self._left_out + self._budgeted(latencies, process)

    def processes_left(self, latencies: Sequence[float], process: int) -> int:
        """How many processes, the one of number ``process`` the first, there may be time for at most, over
        cells of ``latencies``."""
        most = self._plan.processes - process
        remaining = self._measuring_end - self._clock()
        if remaining == inf:
            return most
        return min(most, 1 + int(max(0.0, remaining) / (self._start + sum(map(rough_seconds, latencies)))))

    def _budgeted(self, latencies: Sequence[float], process: int) -> float:
        if self._total != inf:
            return max(self.elapsed, self._total)
        first = 0.0 if process else self._forecast_first(latencies)
        others = (self._plan.processes - max(process, 1)) * self._wanted(latencies)
        if self._plan.auto_budget and self._plan.race:
            ended = self.elapsed + first
            others = min(others, self._limit(ended, 0.0) - ended)
        return self._with_counters(self.elapsed + first + others)

    def _forecast_first(self, latencies: Sequence[float]) -> float:
        """Seconds that the first process takes for rough figures, if it begins now."""
        if not (self._plan.auto_budget and self._plan.race):
            return sum(map(rough_seconds, latencies))
        return min(
            sum(map(rough_seconds, latencies)),
            max(ROUGH_SECONDS, self._rough_seconds(latencies, ROUGH_SHARES[-1])),
        )

    def _wanted(self, latencies: Sequence[float]) -> float:
        """Seconds that a later process over cells of ``latencies`` deserves, its start included."""
        return self._start + max(LEAST_GOOD, self._pace * sum(map(good_seconds, latencies)))

    def _begin(self, part: float, most: float) -> None:
        now = self._clock()
        self._began, self._part_end, self._last_end = now, now + part, now + most

    def _share_until(self, end: float, share: float) -> float:
        return inf if end == inf else max(0.0, end - self._clock()) * share

    def _beyond_others(self, latencies: Sequence[float], waiting: Sequence[float]) -> float:
        """Seconds that a block of cells of ``latencies`` may take where the others of ``waiting`` are to
        have rough figures: what one runtime takes says little of what the next will."""
        others = sum(map(rough_seconds, waiting)) - sum(map(rough_seconds, latencies))
        return self._share_until(self._last_end, 1.0) - ROOM * self._pace * others

    def _with_counters(self, measuring: float) -> float:
        """Seconds of a run that measures until ``measuring`` seconds from its start."""
        if not self._plan.counters_run:
            return measuring
        return min(measuring / (1 - COUNTERS_SHARE), measuring + self._counters_take)

    @property
    def _counters_take(self) -> float:
        return COUNTERS_SECONDS * len(self._plan.cells)

    @property
    def _measuring_end(self) -> float:
        if self._total == inf:
            return inf
        counters = min(COUNTERS_SHARE * self._total, self._counters_take) if self._plan.counters_run else 0.0
        return self._started + self._total - counters


def expected_seconds(plan: Plan) -> float:
    """What a run of ``plan`` is expected to take on a CPU, before anything is counted."""
    cells = [cell for cell in plan.cells if not cell.refusal]
    counted = START_SECONDS + COUNT_SECONDS * len(cells)
    timetable = Timetable(plan, 0.0, lambda: counted)
    latencies = [expected_work(cell) / RATE for cell in cells]
    cases = [cell.case for cell in cells]
    left_out = export_seconds(len(by_model(cases)))
    left_out += timetable.processes_left(latencies, 0) * preparation_seconds(cases)
    return timetable.forecast(latencies, 0) + left_out

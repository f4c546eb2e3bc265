"""From a plan to a stream of events, through worker processes that may crash, hang or run out of memory."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from time import monotonic

import msgspec

from attnprof.measuring.bound import Peaks
from attnprof.planning import Plan
from attnprof.records.case import Case, conditions
from attnprof.records.environment import Environment, begun
from attnprof.records.record import AccountEvent, DoneEvent, Event, VisitEvent, done_event
from attnprof.running.client import Worker, WorkerSlot, start_worker
from attnprof.running.counting import (
    LATER,
    count,
    count_with_others,
    counting_workers,
)
from attnprof.running.exchange import Exchange, measure_block, measure_peaks
from attnprof.running.models import (
    FINAL,
    by_model,
    export_seconds,
    exporting_workers,
    preparation_seconds,
    write_models,
)
from attnprof.running.progress import display
from attnprof.running.protocol import (
    BeginEvent,
    Failure,
    ForecastEvent,
    MeasureRequest,
    ModelEvent,
    PhaseEvent,
    RunEvent,
    SetupRequest,
)
from attnprof.running.racing import SURE, contenders, still_open
from attnprof.running.schedule import blocks, too_large, work
from attnprof.running.standings import Standings
from attnprof.running.timetable import Timetable
from attnprof.runtimes import RUNTIMES, Runtime
from attnprof.runtimes._models import models_of
from attnprof.runtimes._versions import converter_versions, version_of

MANY_WORKERS = 8.0  # seconds for the other counters from which on more than one worker is worth its start
OUT_OF_TIME = "the time budget ended before its turn: --time-budget auto"


class Run:
    """One run of a plan: an iterator of events. Set ``stop`` to end it after the visit at hand."""

    def __init__(
        self,
        plan: Plan,
        worker: Worker | None = None,
        earlier: Iterable[Event] = (),
        peaks: Peaks | None = None,
        estimator: str = "",
        started: float | None = None,
        progress: bool = False,
        start: Callable[[SetupRequest], Worker] | None = None,
        slot: WorkerSlot | None = None,
        done: Iterable[str] = (),
    ) -> None:
        self.plan = plan
        self.stop = False
        self.environment: Environment = {}
        self._setup = SetupRequest(
            plan.device, plan.threads, plan.memory_limit, plan.allow_busy, plan.arithmetic
        )
        self._start = start or start_worker
        self._slot = slot or WorkerSlot(partial(self._start, self._setup), worker)
        self._is_lent = slot is not None
        self._timetable = Timetable(plan, monotonic() if started is None else started)
        self._peaks, self._peaks_missing = peaks, plan.needs_peaks and peaks is None
        self._estimator = estimator
        self._is_shown = progress
        self._cases = {cell.case.key: cell.case for cell in plan.cells}
        self._accounts: list[AccountEvent] = []  # of the cases that can be measured
        self._done = set(done)
        self._visits: set[tuple[str, int]] = set()
        self._standings = Standings(plan)
        for event in earlier:
            self._see_earlier(event)
        self._failed = False
        self._models: Path | None = None  # the folder of the modules that are exported

    def _see_earlier(self, event: Event) -> None:
        """Take in an event of the run that this one continues."""
        if isinstance(event, DoneEvent):
            self._done.add(event.key)
        elif isinstance(event, VisitEvent):
            self._visits.add((event.key, event.process))
        self._stand(event)

    def _stand(self, event: object) -> None:
        """Remember of ``event`` what the race needs: of counts alone nothing, however many there are."""
        if self.plan.timed:
            self._standings.see(event)

    def __iter__(self) -> Generator[RunEvent, None, None]:
        if not self._is_shown:
            yield from self._events()
            return
        with display(self.plan.time_budget) as shown:
            for event in self._events():
                shown.see(event)
                yield event

    def _events(self) -> Iterator[RunEvent]:
        slot = nullcontext() if self._is_lent else closing(self._slot)
        with slot, models_of(self._cases.values()) as self._models:
            yield from self._skip_impossible()
            yield from self._count()
            if self.plan.timed and not self._ended():
                yield from self._refuse_too_large()
                yield from self._measure_peaks()
                yield from self._export()
                yield from self._measure_all()
                yield from self._race()
                yield from self._count_with_others()
                yield from self._finish()

    def _skip_impossible(self) -> Iterator[RunEvent]:
        for cell in self.plan.cells:
            if not cell.refusal or cell.case.key in self._done:
                continue
            if cell.is_failed:
                yield from self._settle(Failure(cell.case.key, "failed", cell.refusal))
            else:
                yield self._end(cell.case.key, "skipped", cell.refusal)

    def _count(self) -> Iterator[RunEvent]:
        """Our own counts; where nothing is measured, the other counters' too."""
        cases = [case for key, case in self._cases.items() if key not in self._done]
        if not cases:
            return
        self._ready_worker()
        yield PhaseEvent("counting", len(cases))
        plan = self.plan
        is_plain = plan.timed or not plan.counters_run
        workers = 1 if plan.timed else counting_workers(len(cases), plan.counters_run)
        slots = self._slots(workers)  # a single one stays, and measures
        no_counters = LATER if plan.timed else ""
        events = count(cases, slots, plan.counted_metrics, plan.timeout, self._ended, no_counters, is_plain)
        with closing(events):
            for event in events:
                yield from self._settle(event, last=not plan.timed)
                if plan.timed and isinstance(event, AccountEvent):
                    self._accounts.append(event)

    def _refuse_too_large(self) -> Iterator[RunEvent]:
        for account in self._accounts:
            if reason := too_large(account.footprint, self._memory):
                yield from self._settle(Failure(account.key, "oom", reason))

    def _export(self) -> Iterator[RunEvent]:
        """The modules that other runtimes read: each once, outside the budget, by workers that measure
        nothing, because what an exporter imports would be a burden to what is timed."""
        if self._ended() or self._models is None:
            return
        unfinished = [account for account in self._accounts if account.key not in self._done]
        cases = {case.key: case for case in (*(each.case for each in unfinished), *self.plan.baselines)}
        models = by_model(cases.values())
        if not models:
            return
        yield PhaseEvent("exporting", len(models))
        slots = self._new_slots(exporting_workers(len(models)))
        began, begun = monotonic(), 0
        before = began
        with closing(write_models(models, slots, self._models, self.plan.timeout, self._ended)) as events:
            for event in events:
                if isinstance(event, BeginEvent):
                    seconds = export_seconds(len(models) - begun, begun, before - began)
                    begun += 1
                    yield self._forecast(unfinished, 0, seconds)
                    yield event
                    continue
                now = monotonic()
                self._timetable.leave_out(now - before)
                before = now
                yield from self._settle_export(event)

    def _settle_export(self, event: ModelEvent | Failure) -> Iterator[RunEvent]:
        if isinstance(event, ModelEvent):
            yield event
        elif event.status in FINAL and event.key in self._cases and event.key not in self._done:
            yield from self._settle(event)

    def _measure_all(self) -> Iterator[RunEvent]:
        """The first process: every cell, for a rough figure at least."""
        waiting = self._waiting(0)
        if self._ended() or not waiting:
            return
        self._timetable.first(self._latencies(waiting))
        yield self._forecast(waiting, 0)
        yield from self._measure(0, waiting)

    def _race(self) -> Iterator[RunEvent]:
        """The other processes: the cells whose place is open, each process in a fresh worker."""
        for process in range(1, self.plan.processes):
            if self._ended():
                return
            waiting = self._waiting(process)
            if not waiting:  # an earlier run has measured them, or every place is decided
                continue
            latencies = self._latencies(waiting)
            self._timetable.plan_rest(latencies)
            yield self._forecast(waiting, process)
            if not self._timetable.begins(process, latencies):
                return
            self._slot.stop()  # what measured before is not fresh
            began = self._timetable.elapsed
            self._ready_worker()
            self._timetable.worker_started(self._timetable.elapsed - began)
            yield from self._measure(process, waiting)

    def _waiting(self, process: int) -> list[AccountEvent]:
        """The cases that ``process`` is to measure and has not."""
        unfinished = [account for account in self._accounts if account.key not in self._done]
        chosen = self._chosen(unfinished, process)
        return [each for each in unfinished if each.key in chosen and (each.key, process) not in self._visits]

    def _chosen(self, unfinished: Sequence[AccountEvent], process: int) -> frozenset[str]:
        everybody = frozenset(account.key for account in unfinished)
        if not process:
            return everybody
        measured = everybody & self._standings.keys
        if not self.plan.race or self._timetable.holds(self._latencies(unfinished)):
            return measured
        racing = contenders(self._standings.of(measured), self.plan.spec.budget)
        return racing if process < SURE else still_open(self._standings.of(racing))

    def _measure(self, process: int, waiting: Sequence[AccountEvent]) -> Iterator[RunEvent]:
        """The cases ``waiting`` in one process, or in as many as their faults need."""
        yield PhaseEvent(f"process {process + 1}", len(waiting))
        latencies = {account.key: self._standings.latency(account) for account in waiting}
        for block in blocks(waiting, self._memory, self._standings.latency):
            exchange = partial(self._exchange, process, dict(latencies))
            for event in measure_block(block, exchange, self._slot.stop, self._ended):
                yield from self._settle(event)
            for case in block:
                del latencies[case.key]
        self._timetable.process_ended(self._latencies(waiting))

    def _count_with_others(self) -> Iterator[RunEvent]:
        """The other counters' figures, the cheapest cells first, for a tenth of the run's time."""
        if not self.plan.counters_run or self._ended() or not self._accounts:
            return
        accounts = sorted(self._accounts, key=work)
        end = self._timetable.counters_end()
        yield PhaseEvent("other counters", len(accounts))
        workers = 1 if end - monotonic() < MANY_WORKERS else counting_workers(len(accounts), counters=True)
        seconds_left = partial(self._timetable.until, end)
        yield from count_with_others(accounts, self._slots(workers), self.plan.counted_metrics, seconds_left)

    def _finish(self) -> Iterator[RunEvent]:
        if self._ended():
            return
        for account in self._accounts:
            if account.key in self._done:
                continue
            if account.key in self._standings.seen:
                yield self._end(account.key)
            else:
                yield self._end(account.key, "skipped", OUT_OF_TIME)

    def _settle(self, event: RunEvent | Failure, last: bool = False) -> Iterator[RunEvent]:
        """``event``, and the end of its case: of a case that failed, and where the event is its last."""
        if isinstance(event, Failure):
            self._failed = True
            yield self._end(event.key, event.status, event.reason)
            return
        yield event
        self._stand(event)
        if last and isinstance(event, AccountEvent):
            yield self._end(event.key)

    def _exchange(self, process: int, waiting: Mapping[str, float], cases: tuple[Case, ...]) -> Exchange:
        """waiting: key -> latency of the cases that the process has not measured yet."""
        plan = self.plan
        worker = self._ready_worker()
        latencies = [waiting[case.key] for case in cases]
        request = MeasureRequest(
            cases,
            plan.repeated_metrics if process else plan.measured_metrics,
            self._timetable.effort(process, latencies, waiting.values()),
            process,
            plan.spread,
            self._peaks,
            self._baseline_of(cases[0]),
            self._estimator,
            str(self._models or ""),
        )
        return Exchange(worker, request, plan.timeout, lambda: self.stop, self._timetable.leave_out)

    def _baseline_of(self, case: Case) -> Case | None:
        """The baseline under the conditions of ``case``; None without one, and where it has failed."""
        alike = [each for each in self.plan.baselines if conditions(each) == conditions(case)]
        return next((each for each in alike if each.key not in self._done), None)

    def _measure_peaks(self) -> Iterator[RunEvent]:
        if not self._peaks_missing or not self._waiting(0) or not self._timetable.has_time_for_peaks():
            return
        event = measure_peaks(self._ready_worker(), self.plan.peak_dtypes)
        if event is None:  # then bounds are missing, and say so
            self._slot.stop()
            return
        self._peaks = event.peaks
        self.environment["peaks"] = event.peaks.to_json()
        yield event

    def _forecast(self, waiting: Sequence[AccountEvent], process: int, before: float = 0.0) -> ForecastEvent:
        """What is expected when ``process`` begins, over cells that are ``waiting``, in so many seconds
        ``before`` which nothing is timed."""
        timetable, latencies = self._timetable, self._latencies(waiting)
        preparation = preparation_seconds(account.case for account in waiting)
        seconds = timetable.forecast(latencies, process) + before
        seconds += timetable.processes_left(latencies, process) * preparation
        precision = self._standings.precision(self.plan.processes) if process else None
        return ForecastEvent(seconds, self.plan.processes, precision)

    def _latencies(self, accounts: Iterable[AccountEvent]) -> list[float]:
        return [self._standings.latency(account) for account in accounts]

    def _slots(self, workers: int) -> list[WorkerSlot]:
        """The slot at hand, and others in which nothing is measured: none beside one that is lent."""
        if self._is_lent:
            return [self._slot]
        return [self._slot, *self._new_slots(workers - 1)]

    def _new_slots(self, workers: int) -> list[WorkerSlot]:
        """Slots in which nothing is measured."""
        meta = msgspec.structs.replace(self._setup, device="meta")
        return [WorkerSlot(partial(self._start, meta)) for _ in range(workers)]

    def _ready_worker(self) -> Worker:
        worker = self._slot.ready()
        if not self.environment:
            self.environment = begun({**worker.environment, **runtimes_of(self.plan)})
        return worker

    def _ended(self) -> bool:
        return self.stop or (self._failed and self.plan.fail_fast)

    @property
    def _memory(self) -> int | None:
        """Bytes that a case may take; None where the device does not report its memory."""
        return self.plan.memory_limit or self.environment.get("device_memory_bytes")

    def _end(self, key: str, status: str = "ok", reason: str = "") -> DoneEvent:
        self._done.add(key)
        return done_event(self._cases[key], status, reason)


def runtimes_of(plan: Plan) -> Environment:
    """The entries of the environment that have the version and settings of each runtime that is not torch,
    and the versions of what converts modules for them; none where torch alone computes."""
    used: dict[str, Runtime] = {cell.case.runtime: RUNTIMES.get(cell.case.runtime) for cell in plan.cells}
    others = {name: runtime for name, runtime in used.items() if not runtime.is_torch}
    about = {name: runtime.describe(version_of(runtime), plan.threads) for name, runtime in others.items()}
    return {"runtimes": about, "converters": converter_versions(others.values())} if about else {}


def run(
    plan: Plan,
    worker: Worker | None = None,
    earlier: Iterable[Event] = (),
    peaks: Peaks | None = None,
    estimator: str = "",
    started: float | None = None,
    progress: bool = False,
    start: Callable[[SetupRequest], Worker] | None = None,
    slot: WorkerSlot | None = None,
    done: Iterable[str] = (),
) -> Run:
    """The run of ``plan``: iterate over it for its events.

    worker: one that is started already. earlier: the events of a run that this one continues. peaks: what the
    device can do at best, where an earlier run measured it. estimator: that of a run that this one continues;
    empty: the device's. started: when the run began, by ``time.monotonic``, where that was before now.
    progress: show on one line of stderr, or of a notebook, what it does and how long it will take. start: how
    its workers start, where that is not on this machine. slot: one whose worker outlives the run. done: the
    keys of cases that are finished, where ``earlier`` leaves out their events.
    """
    return Run(plan, worker, earlier, peaks, estimator, started, progress, start, slot, done)

"""From a plan to a stream of events, through worker processes that may crash, hang or run out of memory."""

from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from functools import partial
from time import monotonic

from attnprof.measuring.bound import Peaks
from attnprof.planning import Plan
from attnprof.records.case import Case
from attnprof.records.environment import Environment, begun
from attnprof.records.record import AccountEvent, DoneEvent, Event, VisitEvent, done_event
from attnprof.running.client import Worker, WorkerGone, WorkerSlot, start_worker
from attnprof.running.counting import count, workers_for
from attnprof.running.exchange import Exchange
from attnprof.running.protocol import (
    Failure,
    MeasureRequest,
    PeaksEvent,
    PeaksRequest,
    RunEvent,
    SetupRequest,
)
from attnprof.running.schedule import Processes, blocks, effort_for, too_large

PEAKS_SECONDS = 120.0


class Run:
    """One run of a plan: an iterator of events. Set ``stop`` to end it after the visit at hand."""

    def __init__(
        self,
        plan: Plan,
        worker: Worker | None = None,
        earlier: Iterable[Event] = (),
        peaks: Peaks | None = None,
    ) -> None:
        self.plan = plan
        self.stop = False
        self.environment: Environment = {}
        self._slot = WorkerSlot(self._start_worker, worker)
        self._processes = Processes(plan.processes, plan.time_budget, monotonic())
        self._peaks = peaks
        self._peaks_missing = plan.needs_peaks and peaks is None
        self._cases = {cell.case.key: cell.case for cell in plan.cells}
        self._accounts: list[AccountEvent] = []
        earlier = list(earlier)
        self._done = {event.key for event in earlier if isinstance(event, DoneEvent)}
        self._visits = {(event.key, event.process) for event in earlier if isinstance(event, VisitEvent)}
        self._failed = False

    def __iter__(self) -> Iterator[RunEvent]:
        with closing(self._slot):
            yield from self._skip_impossible()
            yield from self._count()
            if self.plan.timed and not self._ended:
                yield from self._refuse_too_large()
                for process in self._processes:
                    yield from self._measure(process)
                yield from self._finish()

    def _skip_impossible(self) -> Iterator[RunEvent]:
        for cell in self.plan.cells:
            if cell.refusal and cell.case.key not in self._done:
                yield self._end(cell.case.key, "skipped", cell.refusal)

    def _count(self) -> Iterator[RunEvent]:
        cases = [case for key, case in self._cases.items() if key not in self._done]
        if not cases:
            return
        slots = [WorkerSlot(self._start_worker, self._hand_over())]
        for _ in range(workers_for(len(cases), self.plan.counters_run) - 1):
            slots.append(WorkerSlot(partial(self._start_worker, "meta")))
        plan = self.plan
        with closing(count(cases, slots, plan.counted_metrics, plan.timeout, lambda: self._ended)) as events:
            for event in events:
                if isinstance(event, Failure):
                    yield self._fail(event)
                    continue
                yield event
                if isinstance(event, AccountEvent):
                    self._accounts.append(event)
                    if not plan.timed:
                        yield self._end(event.key)

    def _refuse_too_large(self) -> Iterator[RunEvent]:
        for account in self._accounts:
            if reason := too_large(account.footprint, self._memory):
                yield self._fail(Failure(account.key, "oom", reason))

    def _measure(self, process: int) -> Iterator[RunEvent]:
        """All blocks in one fresh process, or in as many as their faults need."""
        waiting = [account for account in self._unfinished if (account.key, process) not in self._visits]
        if self._ended or not waiting:
            return
        self._slot.stop()  # what counted, or measured before, is not fresh
        if self._peaks_missing:
            yield from self._measure_peaks()
        self._ready()  # its start is a part of the process's time, of which the rest is shared out
        cases_left = len(waiting)
        for block in blocks(waiting, self._memory):
            yield from self._measure_block(block, process, cases_left)
            cases_left -= len(block)

    def _measure_block(self, block: tuple[Case, ...], process: int, cases_left: int) -> Iterator[RunEvent]:
        """Cases that ran out of memory beside others, or may have ended the worker, are measured again: each alone."""
        again: list[Case] = []
        cases = block
        while cases and not self._ended:
            exchange = self._exchange(cases, process, cases_left)
            yield from self._pass_on(exchange, process)
            retried = exchange.suspects | (exchange.out_of_memory if len(block) > 1 else set())
            again += [case for case in cases if case.key in retried]
            for failure in exchange.failures.values():
                if failure.key not in retried:
                    yield self._fail(failure)
            cases = exchange.unsettled
        for case in again:
            if self._ended:
                return
            self._slot.stop()
            exchange = self._exchange((case,), process, cases_left)
            yield from self._pass_on(exchange, process)
            for failure in (*exchange.failures.values(), *exchange.crashes):
                yield self._fail(failure)

    def _finish(self) -> Iterator[RunEvent]:
        if not self._ended:
            for account in self._unfinished:
                yield self._end(account.key)

    def _exchange(self, cases: tuple[Case, ...], process: int, cases_left: int) -> Exchange:
        plan = self.plan
        worker = self._ready()
        effort = effort_for(plan, process, self._processes.seconds(len(cases), cases_left))
        metrics = plan.repeated_metrics if process else plan.measured_metrics
        request = MeasureRequest(cases, metrics, effort, process, plan.spread, self._peaks)
        return Exchange(worker, request, plan.timeout, lambda: self.stop)

    def _pass_on(self, exchange: Exchange, process: int) -> Iterator[RunEvent]:
        for event in exchange:
            yield event
            if isinstance(event, VisitEvent) and process == self.plan.processes - 1:
                yield self._end(event.key)
        if exchange.gone or exchange.leaks:  # what a case keeps would be missing to the others
            self._slot.stop()

    def _measure_peaks(self) -> Iterator[RunEvent]:
        self._peaks_missing = False
        worker = self._ready()
        worker.send(PeaksRequest(self.plan.peak_dtypes))
        with suppress(WorkerGone):  # then bounds are missing, and say so
            event = worker.receive(PEAKS_SECONDS)
            assert isinstance(event, PeaksEvent)
            self._peaks = event.peaks
            self.environment["peaks"] = event.peaks.to_json()
            yield event
            return
        self._slot.stop()

    @property
    def _ended(self) -> bool:
        return self.stop or (self._failed and self.plan.fail_fast)

    @property
    def _unfinished(self) -> list[AccountEvent]:
        return [account for account in self._accounts if account.key not in self._done]

    @property
    def _memory(self) -> int | None:
        """Bytes that a case may take; None where the device does not report its memory."""
        return self.plan.memory_limit or self.environment.get("device_memory_bytes")

    def _fail(self, failure: Failure) -> DoneEvent:
        self._failed = True
        return self._end(failure.key, failure.status, failure.reason)

    def _end(self, key: str, status: str = "ok", reason: str = "") -> DoneEvent:
        self._done.add(key)
        return done_event(self._cases[key], status, reason)

    def _start_worker(self, device: str = "") -> Worker:
        plan = self.plan
        return start_worker(
            SetupRequest(device or plan.device, plan.threads, plan.memory_limit, plan.allow_busy)
        )

    def _ready(self) -> Worker:
        worker = self._slot.ready()
        self.environment = self.environment or begun(worker.environment)
        return worker

    def _hand_over(self) -> Worker:
        self._ready()
        return self._slot.hand_over()


def run(
    plan: Plan, worker: Worker | None = None, earlier: Iterable[Event] = (), peaks: Peaks | None = None
) -> Run:
    """The run of ``plan``: iterate over it for its events.

    The counts of all cells come first. Then as many fresh processes, one after the other, measure every cell, as the plan
    asks for and its time budget allows. worker: one that is started already. earlier: the events of a run that this one
    continues. peaks: what the device can do at best, where an earlier run measured it.
    """
    return Run(plan, worker, earlier, peaks)

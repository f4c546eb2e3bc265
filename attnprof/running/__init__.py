"""From a plan to a stream of events, through worker processes that may crash, hang or run out of memory."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from time import monotonic

import msgspec

from attnprof.measuring.bound import Peaks
from attnprof.planning import Plan
from attnprof.records.case import Case
from attnprof.records.environment import Environment, begun
from attnprof.records.record import AccountEvent, DoneEvent, Event, VisitEvent, done_event
from attnprof.running.client import Worker, WorkerSlot, start_worker
from attnprof.running.counting import count, workers_for
from attnprof.running.exchange import Exchange, measure_block, measure_peaks
from attnprof.running.protocol import Failure, MeasureRequest, RunEvent, SetupRequest
from attnprof.running.schedule import Processes, blocks, effort_for, too_large


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
        self._setup = SetupRequest(plan.device, plan.threads, plan.memory_limit, plan.allow_busy)
        self._slot = WorkerSlot(partial(start_worker, self._setup), worker)
        self._processes = Processes(plan.processes, plan.time_budget, monotonic())
        self._peaks, self._peaks_missing = peaks, plan.needs_peaks and peaks is None
        self._cases = {cell.case.key: cell.case for cell in plan.cells}
        self._accounts: list[AccountEvent] = []  # of the cases that can be measured
        earlier = list(earlier)
        self._done = {event.key for event in earlier if isinstance(event, DoneEvent)}
        self._visits = {(event.key, event.process) for event in earlier if isinstance(event, VisitEvent)}
        self._failed = False

    def __iter__(self) -> Iterator[RunEvent]:
        with closing(self._slot):
            yield from self._skip_impossible()
            yield from self._count()
            if self.plan.timed and not self._ended():
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
        self._ready_worker()
        slots = [WorkerSlot(partial(start_worker, self._setup), self._slot.hand_over())]
        meta = msgspec.structs.replace(self._setup, device="meta")
        for _ in range(workers_for(len(cases), self.plan.counters_run) - 1):
            slots.append(WorkerSlot(partial(start_worker, meta)))
        events = count(cases, slots, self.plan.counted_metrics, self.plan.timeout, self._ended)
        with closing(events):
            for event in events:
                yield from self._settle(event, last=not self.plan.timed)
                if isinstance(event, AccountEvent):
                    self._accounts.append(event)

    def _refuse_too_large(self) -> Iterator[RunEvent]:
        for account in self._accounts:
            if reason := too_large(account.footprint, self._memory):
                yield from self._settle(Failure(account.key, "oom", reason))

    def _measure(self, process: int) -> Iterator[RunEvent]:
        """All blocks in one fresh process, or in as many as their faults need."""
        waiting = [account for account in self._unfinished() if (account.key, process) not in self._visits]
        if self._ended() or not waiting:
            return
        self._slot.stop()  # what counted, or measured before, is not fresh
        if self._peaks_missing:
            yield from self._measure_peaks()
        self._ready_worker()  # its start is a part of the process's time, of which the rest is shared out
        cases_left = len(waiting)
        for block in blocks(waiting, self._memory):
            exchange = partial(self._exchange, process, cases_left)
            for event in measure_block(block, exchange, self._slot.stop, self._ended):
                yield from self._settle(event, last=process == self.plan.processes - 1)
            cases_left -= len(block)

    def _finish(self) -> Iterator[RunEvent]:
        if not self._ended():
            for account in self._unfinished():
                yield self._end(account.key)

    def _settle(self, event: RunEvent | Failure, last: bool = False) -> Iterator[RunEvent]:
        """``event``, and the end of its case: of a case that failed, and after its last account or visit."""
        if isinstance(event, Failure):
            self._failed = True
            yield self._end(event.key, event.status, event.reason)
            return
        yield event
        if last and isinstance(event, AccountEvent | VisitEvent):
            yield self._end(event.key)

    def _exchange(self, process: int, cases_left: int, cases: tuple[Case, ...]) -> Exchange:
        plan = self.plan
        worker = self._ready_worker()
        metrics = plan.repeated_metrics if process else plan.measured_metrics
        effort = effort_for(plan, process, self._processes.seconds(len(cases), cases_left))
        request = MeasureRequest(cases, metrics, effort, process, plan.spread, self._peaks)
        return Exchange(worker, request, plan.timeout, lambda: self.stop)

    def _measure_peaks(self) -> Iterator[RunEvent]:
        self._peaks_missing = False
        event = measure_peaks(self._ready_worker(), self.plan.peak_dtypes)
        if event is None:  # then bounds are missing, and say so
            self._slot.stop()
            return
        self._peaks = event.peaks
        self.environment["peaks"] = event.peaks.to_json()
        yield event

    def _ready_worker(self) -> Worker:
        worker = self._slot.ready()
        self.environment = self.environment or begun(worker.environment)
        return worker

    def _ended(self) -> bool:
        return self.stop or (self._failed and self.plan.fail_fast)

    def _unfinished(self) -> list[AccountEvent]:
        return [account for account in self._accounts if account.key not in self._done]

    @property
    def _memory(self) -> int | None:
        """Bytes that a case may take; None where the device does not report its memory."""
        return self.plan.memory_limit or self.environment.get("device_memory_bytes")

    def _end(self, key: str, status: str = "ok", reason: str = "") -> DoneEvent:
        self._done.add(key)
        return done_event(self._cases[key], status, reason)


def run(
    plan: Plan, worker: Worker | None = None, earlier: Iterable[Event] = (), peaks: Peaks | None = None
) -> Run:
    """The run of ``plan``: iterate over it for its events.

    worker: one that is started already. earlier: the events of a run that this one continues. peaks: what the
    device can do at best, where an earlier run measured it.
    """
    return Run(plan, worker, earlier, peaks)

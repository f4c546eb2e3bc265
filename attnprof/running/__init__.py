"""From a plan to a stream of events, through worker processes that may crash, hang or run out of memory."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from math import inf
from time import monotonic

from attnprof.measuring.bound import Peaks
from attnprof.measuring.rounds import Effort
from attnprof.metrics import COUNTED, ONCE
from attnprof.planning import Plan, metric
from attnprof.records.case import Case
from attnprof.records.environment import Environment, begun
from attnprof.records.record import Event, done_event
from attnprof.running.client import Worker, WorkerGone, start_worker
from attnprof.running.counting import Desk, count, workers_for
from attnprof.running.protocol import Heard, Order, converse
from attnprof.running.schedule import Counted, Repeats, blocks

FEWEST_VISITS = 3  # of a single process: six samples, without which there is no interval
PATIENCE = 0.8  # of the timeout: after that a cell is left with the samples it has
PEAKS_SECONDS = 120.0


class Run:
    """One run of a plan: an iterator of events. Set ``stop`` to end it after the visit at hand.

    Counts of all cells come first. Then every cell is measured by as many fresh processes, one after the other, as the
    quality asks for and the time budget allows. earlier: the events of a run that this one continues. peaks: what the
    device can do at best, where an earlier run has measured it.
    """

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
        self._worker = worker
        self._peaks = peaks
        earlier = list(earlier)
        self._done = {event["key"] for event in earlier if event["event"] == "done"}
        self._cells = [cell for cell in plan.cells if cell.case.key not in self._done]
        self._visited = {(event["key"], event["repeat"]) for event in earlier if event["event"] == "visit"}
        needs = {name: metric(name).needs for name in plan.metrics}
        self._counted = [name for name in plan.metrics if needs[name] in COUNTED]
        self._measured = [name for name in plan.metrics if needs[name] not in COUNTED]
        self._repeated = [name for name in self._measured if needs[name] not in ONCE]
        self._asks_counters = any(needs[name] == "counters" for name in self._counted)
        self._seeks_peaks = peaks is None and any(needs[name] == "peaks" for name in plan.metrics)
        self._failed = False
        self._started = monotonic()

    def __iter__(self) -> Iterator[Event]:
        try:
            for cell in self._cells:
                if cell.refusal:
                    yield done_event(cell.case, "skipped", cell.refusal)
            counted = yield from self._count([cell.case for cell in self._cells if not cell.refusal])
            if counted and self._measured and not self._ends:
                yield from self._measure(counted)
        finally:
            self._drop_worker()

    @property
    def _ends(self) -> bool:
        return self.stop or (self._failed and self.plan.spec.fail_fast)

    def _count(self, cases: list[Case]) -> Generator[Event, None, list[Counted]]:
        found: list[Counted] = []
        if not cases:
            return found
        spec, by_key = self.plan.spec, {case.key: case for case in cases}
        starts: list[Callable[[], Worker]] = [self._hand_over]
        starts += [lambda: start_worker(spec, "meta")] * (workers_for(len(cases), self._asks_counters) - 1)
        desks = [Desk(start, self._counted, spec.timeout) for start in starts]
        with closing(count(cases, desks, lambda: self._ends)) as answers:
            for event in answers:
                case = by_key[event["key"]]
                if event["event"] == "failed":
                    yield self._failure(case, event)
                    continue
                yield event
                if event["event"] == "account":
                    found.append(Counted.of(case, event))
                    if not self._measured:
                        yield done_event(case, "ok")
        return found

    def _measure(self, counted: list[Counted]) -> Iterator[Event]:
        spec, limit = (
            self.plan.spec,
            self.plan.spec.memory_limit or self.environment.get("device_memory_bytes"),
        )
        for each in counted:
            if reason := each.too_large(limit):
                yield self._failure(each.case, {"status": "oom", "reason": reason})
        open_ = [each for each in counted if each.case.key not in self._done]
        for repeat in (repeats := Repeats(spec.processes, spec.time_budget, self._started)):
            waiting = [each for each in open_ if (each.case.key, repeat) not in self._visited]
            waiting = [each for each in waiting if each.case.key not in self._done]
            if waiting and not self._ends:
                yield from self._repeat(blocks(waiting, limit), repeat, repeats)
        if not self._ends:
            yield from [self._end(each.case) for each in open_ if each.case.key not in self._done]

    def _repeat(self, asked: list[tuple[Case, ...]], number: int, repeats: Repeats) -> Iterator[Event]:
        """All blocks in one fresh process, or in as many as their faults need."""
        self._drop_worker()  # what counted, or measured before, is not fresh
        if self._seeks_peaks:
            self._seeks_peaks = False
            yield from self._find_peaks()
        _ = self._ready()  # its start is a part of the process's time, of which the rest is shared out
        waiting = sum(map(len, asked))
        for block in asked:
            alone: list[Case] = []
            cases = block
            while cases and not self._ends:
                heard = yield from self._order(cases, number, repeats.seconds(len(cases), waiting))
                again = {
                    key for key, event in heard.failed.items() if event["status"] == "oom" and len(block) > 1
                }
                if heard.gone:  # before the first word there is no telling which of them it was
                    again |= {heard.at} if heard.at else {case.key for case in cases}
                alone += [case for case in cases if case.key in again]
                yield from self._failures(cases, {k: e for k, e in heard.failed.items() if k not in again})
                settled = heard.visited | heard.failed.keys() | again
                cases = tuple(case for case in cases if case.key not in settled) if heard.gone else ()
            for case in alone:
                if not self._ends:
                    self._drop_worker()
                    heard = yield from self._order((case,), number, repeats.seconds(1, waiting))
                    gone = heard.gone
                    failed = (
                        {case.key: {"status": gone.status, "reason": str(gone)}} if gone else heard.failed
                    )
                    yield from self._failures((case,), failed)
            waiting -= len(block)

    def _order(self, cases: tuple[Case, ...], number: int, seconds: float) -> Generator[Event, None, Heard]:
        """One conversation about ``cases``, their ends told where nothing more will come of them."""
        spec = self.plan.spec
        effort = Effort(
            seconds,
            spec.target,
            FEWEST_VISITS if spec.processes == 1 else 1,
            inf if spec.timeout is None else PATIENCE * spec.timeout,
            spec.seed + number,
        )
        metrics = tuple(self._repeated if number else self._measured)
        order = Order(cases, metrics, effort, number, spec.quality == "quick", self._peaks)
        by_key = {case.key: case for case in cases}
        talk = converse(self._ready(), order, spec.timeout, lambda: self.stop)
        while True:
            try:
                event = next(talk)
            except StopIteration as over:
                heard: Heard = over.value
                if heard.gone:
                    self._worker = None
                elif heard.leaks:
                    self._drop_worker()  # what it keeps would be missing to the others
                return heard
            yield event
            if event["event"] == "visit" and number == spec.processes - 1:
                yield self._end(by_key[event["key"]])

    def _find_peaks(self) -> Iterator[Event]:
        spec = self.plan.spec
        worker = self._ready()
        worker.order({"do": "peaks", "dtypes": [spec.dtype, *filter(None, [spec.autocast])]})
        with suppress(WorkerGone):  # then bounds are blank, and say so
            answer = worker.answer(PEAKS_SECONDS)
            self._peaks = Peaks.from_json(answer["peaks"])
            self.environment["peaks"] = answer["peaks"]
            yield answer
            return
        self._worker = None

    def _failures(self, cases: Iterable[Case], failed: Mapping[str, Event]) -> Iterator[Event]:
        yield from [self._failure(case, failed[case.key]) for case in cases if case.key in failed]

    def _failure(self, case: Case, event: Event) -> Event:
        self._failed = True
        self._done.add(case.key)
        return done_event(case, event["status"], event["reason"])

    def _end(self, case: Case) -> Event:
        self._done.add(case.key)
        return done_event(case, "ok")

    def _ready(self) -> Worker:
        """The worker at hand, or a fresh one, its device set up: its start is on no case's clock."""
        if self._worker is None:
            self._worker = start_worker(self.plan.spec, self.plan.device)
        found = self._worker.environment  # waits until it is ready
        self.environment = self.environment or begun(found)
        return self._worker

    def _hand_over(self) -> Worker:
        """A worker that somebody else ends."""
        worker, self._worker = self._ready(), None
        return worker

    def _drop_worker(self) -> None:
        if self._worker is not None:
            self._worker.kill()
        self._worker = None


def run(
    plan: Plan, worker: Worker | None = None, earlier: Iterable[Event] = (), peaks: Peaks | None = None
) -> Run:
    """The run of ``plan``: iterate over it for its events."""
    return Run(plan, worker, earlier, peaks)

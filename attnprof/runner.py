"""From a plan to a stream of events, through a worker process that may crash, hang or run out of memory."""

from collections.abc import Collection, Generator, Iterator
from time import monotonic
from typing import Any

from attnprof.case import Case
from attnprof.environment import Environment, begun
from attnprof.planning import Plan, metric
from attnprof.record import Event, done_event
from attnprof.supervisor import Worker, WorkerGone, start_worker


class Run:
    """One run of a plan: an iterator of events, cell by cell. Set ``stop`` to end it after the cell at hand.

    Counts of all cells come first, then measurements, the dearest cells first: they need their fewest samples whatever
    their share of the time budget is, and the cheap ones make do with what is left. done: keys of cells that an earlier
    run finished.
    """

    def __init__(self, plan: Plan, worker: Worker | None = None, done: Collection[str] = ()) -> None:
        self.plan = plan
        self.stop = False
        self.environment: Environment = {}
        self._worker = worker
        self._cells = [cell for cell in plan.cells if cell.case.key not in done]
        self._counted = [n for n in plan.metrics if metric(n).needs in ("account", "peers")]
        self._measured = [n for n in plan.metrics if metric(n).needs in ("timing", "memory")]
        self._started = monotonic()

    def __iter__(self) -> Iterator[Event]:
        try:
            yield from self._events()
        finally:
            if self._worker is not None:
                self._worker.kill()
                self._worker = None

    def _events(self) -> Iterator[Event]:
        waiting: list[tuple[int, Case]] = []
        for cell in self._cells:
            if cell.refusal:
                yield done_event(cell.case, "skipped", cell.refusal)
        for case in [cell.case for cell in self._cells if not cell.refusal]:
            answer = yield from self._ask(case, {"do": "account", "metrics": self._counted})
            if answer["event"] == "failed":
                yield done_event(case, answer["status"], answer["reason"])
            else:
                yield answer
                waiting.append((_macs(answer), case))
                if not self._measured:
                    yield done_event(case, "ok")
            if self._ends(answer):
                return
        waiting.sort(key=lambda item: _cost(*item), reverse=True)
        order = {"do": "measure", "metrics": self._measured, "precision": self.plan.spec.precision}
        for left, (_, case) in zip(range(len(waiting), 0, -1), waiting if self._measured else [], strict=False):
            answer = yield from self._ask(case, {**order, "budget": self._share(left)})
            if answer["event"] == "failed":
                yield done_event(case, answer["status"], answer["reason"])
            else:
                yield answer
                yield done_event(case, "ok")
            if self._ends(answer):
                return

    def _ends(self, answer: Event) -> bool:
        return self.stop or (answer["event"] == "failed" and self.plan.spec.fail_fast)

    def _share(self, left: int) -> float:
        """Seconds for the next of ``left`` cells: an equal share of what is left of the budget."""
        timeout, budget = self.plan.spec.timeout, self.plan.spec.time_budget
        limits = [] if timeout is None else [0.8 * timeout]
        if budget is not None:
            limits.append(max(0.0, budget - (monotonic() - self._started)) / left)
        return min(limits, default=3600.0)

    def _ask(self, case: Case, order: dict[str, Any]) -> Generator[Event, None, Event]:
        """Yield what is for the eye; return the answer. A case that loses its worker is tried once more, alone."""
        yield {"event": "begin", "key": case.key, "case": case.to_json()}
        for last in (False, True):
            try:
                answer = yield from self._answer(case, order)
            except WorkerGone as gone:
                self._worker = None
                answer = {"event": "failed", "key": case.key, "status": gone.status, "reason": str(gone)}
            if answer["event"] != "failed" or answer["status"] in ("failed", "skipped") or last:
                return answer
            self._drop_worker()
            order["peers"] = False  # a counter of others may be what broke it
        raise AssertionError("the loop returns")

    def _answer(self, case: Case, order: dict[str, Any]) -> Generator[Event, None, Event]:
        if self._worker is None:
            self._worker = start_worker(self.plan.spec, self.plan.device)
        worker, timeout = self._worker, self.plan.spec.timeout
        found = worker.environment  # waits for it to be ready: its start is not on the case's clock
        self.environment = self.environment or begun(found)
        worker.order({**order, "case": case.to_json()})
        deadline = None if timeout is None else monotonic() + timeout
        while True:
            event = worker.answer(None if deadline is None else max(0.0, deadline - monotonic()))
            if event["event"] != "estimate":
                return event
            yield event

    def _drop_worker(self) -> None:
        if self._worker is not None:
            self._worker.kill()
        self._worker = None


def run(plan: Plan, worker: Worker | None = None, done: Collection[str] = ()) -> Run:
    """The run of ``plan``: iterate over it for its events."""
    return Run(plan, worker, done)


def _cost(macs: int, case: Case) -> float:
    """A guess at the work of one call, good enough to put cells in order: MACs, and some per element moved."""
    return case.batch * (macs + 100 * case.channels * case.height * case.width)


def _macs(account: Event) -> int:
    return next((m["value"] for m in account["measurements"] if m["metric"] == "macs"), 0)

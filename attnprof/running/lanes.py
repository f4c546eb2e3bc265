"""One run on several lanes. Each lane takes a block, carries it out as an ordinary run, and takes the next;
the events of all come as one stream, each with the id of its lane's run.

Lanes of one kind share the blocks. Of a lane that is lost, the block goes to another of its kind: cells that
have ended stay, the others are measured anew.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from queue import SimpleQueue
from threading import Thread
from time import monotonic

import msgspec

from attnprof.errors import EnvironmentProblem
from attnprof.planning import Plan
from attnprof.records.environment import Environment
from attnprof.records.record import DoneEvent, Event, VisitEvent
from attnprof.running import Run
from attnprof.running.client import WorkerGone
from attnprof.running.dealing import Dealer, DealtBlock, blocks_of
from attnprof.running.hello import LaneWorkers
from attnprof.running.protocol import LaneEvent, PeaksEvent, RunEvent

LOSSES = 2  # of a lane, after which it gets no more blocks
END_SECONDS = 10.0  # that a lane has to end once its worker is gone


@dataclass(frozen=True)
class Group:
    """Lanes of one kind, and what is measured on them."""

    plan: Plan
    lanes: Sequence[LaneWorkers]
    earlier: Sequence[Event] = ()  # of a run that is continued, on lanes of this kind


class LanesRun:
    """One run on several lanes: an iterator of events. Set ``stop`` to end it after the visits at hand."""

    def __init__(
        self, groups: Sequence[Group], environment: Environment, started: float | None = None
    ) -> None:
        """environment: of the whole run. started: when it began, by ``monotonic``, where that was before
        now."""
        plans = [group.plan for group in groups]
        self.plan = replace(plans[0], cells=tuple(cell for plan in plans for cell in plan.cells))
        self.environment = environment
        self._stop = self._has_ended = self._has_failed = False
        self._started = monotonic() if started is None else started
        self._events: SimpleQueue[RunEvent | Exception | None] = SimpleQueue()  # None: a lane has ended
        self._runs: dict[str, Run] = {}  # that are under way, by lane
        self._dealers = [_dealer(group) for group in groups]
        self._lanes = [
            (workers, dealer)
            for group, dealer in zip(groups, self._dealers, strict=True)
            for workers in group.lanes
        ]

    @property
    def stop(self) -> bool:
        """Whether it is to end, or has ended for want of a lane."""
        return self._stop

    @stop.setter
    def stop(self, is_wanted: bool) -> None:
        self._stop = is_wanted
        for run in list(self._runs.values()):
            run.stop = is_wanted

    def __iter__(self) -> Generator[RunEvent, None, None]:
        threads = [Thread(target=self._work, args=each, daemon=True) for each in self._lanes]
        for thread in threads:
            thread.start()
        try:
            yield from self._events_of(len(threads))
        finally:
            self._has_ended = True
            for workers, _ in self._lanes:
                workers.close()
            for thread in threads:
                thread.join(END_SECONDS)
        if not self._has_failed and any(dealer.open_cells for dealer in self._dealers):
            self._stop = True  # no lane is there for them

    def _events_of(self, lanes: int) -> Iterator[RunEvent]:
        while lanes:
            event = self._events.get()
            if event is None:
                lanes -= 1
                continue
            if isinstance(event, Exception):
                raise event
            if isinstance(event, LaneEvent):
                self._describe_lanes()
            yield event

    def _describe_lanes(self) -> None:
        """Have the environment say what is known of each lane by now."""
        for workers, _ in self._lanes:
            self.environment["runs"][workers.run_id] = workers.environment

    def _work(self, workers: LaneWorkers, dealer: Dealer) -> None:
        """What the thread of a lane does."""
        try:
            while block := self._next(dealer):
                self._carry_out(block, workers, dealer)
                if workers.losses >= LOSSES:
                    return
        except Exception as problem:  # noqa: BLE001 # the main thread reports it
            self._events.put(problem)
        finally:
            self._events.put(None)

    def _next(self, dealer: Dealer) -> DealtBlock | None:
        """The next block; one may come back from a lane that is lost, until all are carried out."""
        while not (self._stop or self._has_failed or self._has_ended or dealer.is_over):
            if block := dealer.take(monotonic() - self._started):
                return block
            dealer.wait()
        return None

    def _carry_out(self, block: DealtBlock, workers: LaneWorkers, dealer: Dealer) -> None:
        self._say(workers, dealer, "begins", block.label)
        run = Run(
            block.plan,
            earlier=block.events_of(workers.run_id),
            peaks=workers.peaks,
            estimator=str(workers.environment.get("estimator", "")),
            start=workers.start,
            slot=workers.slot,
        )
        run.environment = dict(workers.environment)
        self._runs[workers.name] = run
        run.stop = self._stop
        problem = self._exhaust(run, block, workers)
        del self._runs[workers.name]
        if block.plan.timed or problem:
            workers.slot.stop()  # what has measured a block is not fresh for the next
        if problem:
            self._lose(workers, dealer, problem)
        dealer.end(block)
        if not block.cells:
            self._say(workers, dealer, "ends", block.label)

    def _exhaust(self, run: Run, block: DealtBlock, workers: LaneWorkers) -> str:
        """Hand the events of ``run`` on. Why the lane is lost; empty where it is not."""
        elsewhere = block.begun_elsewhere(workers.run_id)
        try:
            for event in run:
                if isinstance(event, PeaksEvent):
                    workers.environment = {**workers.environment, "peaks": event.peaks.to_json()}
                if not isinstance(event, Event):
                    continue
                marked = _marked(event, workers.run_id, elsewhere)
                block.see(marked)
                self._see_end(marked)
                self._events.put(marked)
        except (EnvironmentProblem, WorkerGone) as problem:
            return str(problem)
        return ""

    def _see_end(self, event: Event) -> None:
        """Have the other lanes end, too, where a failure is to end the run."""
        is_failure = isinstance(event, DoneEvent) and event.status not in ("ok", "skipped")
        if is_failure and self.plan.fail_fast:
            self._has_failed = True
            for run in list(self._runs.values()):
                run.stop = True

    def _lose(self, workers: LaneWorkers, dealer: Dealer, reason: str) -> None:
        workers.losses += 1
        if workers.losses < LOSSES:
            self._say(workers, dealer, "lost", reason)
            return
        dealer.retire()
        workers.environment = {**workers.environment, "retired": reason}
        self._say(workers, dealer, "retired", reason)

    def _say(self, workers: LaneWorkers, dealer: Dealer, state: str, words: str) -> None:
        self._events.put(LaneEvent(workers.name, workers.device, state, words, dealer.seconds))


def _dealer(group: Group) -> Dealer:
    """The blocks of a group, without the cells that have ended."""
    ended = {event.key for event in group.earlier if isinstance(event, DoneEvent)}
    cells = tuple(cell for cell in group.plan.cells if cell.case.key not in ended)
    lanes = len(group.lanes)
    blocks = blocks_of(replace(group.plan, cells=cells), max(1, lanes))
    by_key = {cell.case.key: block for block in blocks for cell in block.cells}
    for event in group.earlier:
        if event.key in by_key:
            by_key[event.key].see(event)
    return Dealer(group.plan, blocks, lanes)


def _marked(event: Event, run: str, elsewhere: dict[str, str]) -> Event:
    """``event`` with the id of its run, and, where another run has begun its case, with that one's."""
    if isinstance(event, VisitEvent):
        return msgspec.structs.replace(event, run=run)
    return msgspec.structs.replace(event, run=run, replaces=elsewhere.pop(event.key, ""))

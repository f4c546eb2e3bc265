"""What is counted of every cell before anything is measured: by several workers at once, where that saves time.

Nothing is timed here, so that workers may stand in each other's way. Our own count takes a millisecond; it is the other
counters, which compute for real, that are worth sharing out.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from attnprof.records.case import Case
from attnprof.records.environment import cores
from attnprof.records.record import Event
from attnprof.running.client import Worker, WorkerGone

CELLS_EACH = 40  # fewer take a worker no longer than its start
MOST_WORKERS = 4  # each holds a torch of its own in memory


def workers_for(cells: int, counters: bool) -> int:
    """How many workers count so many cells soonest. counters: whether other counters are asked."""
    return max(1, min(cores(), MOST_WORKERS, cells // CELLS_EACH)) if counters else 1


class Desk:
    """Where one worker counts. A case that takes its worker along is tried once more, without the other counters.

    start: makes a worker. metrics: that are counted. timeout: seconds that an answer may take, None for ever.
    """

    def __init__(self, start: Callable[[], Worker], metrics: Sequence[str], timeout: float | None) -> None:
        self._start, self._metrics, self._timeout = start, list(metrics), timeout
        self._worker: Worker | None = None
        self.closed = False

    def account(self, case: Case) -> Event:
        """The answer to one count."""
        order: dict[str, Any] = {"do": "account", "metrics": self._metrics, "case": case.to_json()}
        for last in (False, True):
            try:
                worker = self._ready()
                worker.order(order)
                answer = worker.answer(self._timeout)
            except WorkerGone as gone:
                self._worker = None
                answer = {"event": "failed", "key": case.key, "status": gone.status, "reason": str(gone)}
            if (
                answer["event"] != "failed"
                or answer["status"] in ("failed", "skipped")
                or last
                or self.closed
            ):
                return answer
            self._drop()
            order = {**order, "counters": False}  # a counter of others may be what broke it
        raise AssertionError("the loop returns")

    def close(self) -> None:
        """End the worker, whoever waits for it."""
        self.closed = True
        self._drop()

    def _ready(self) -> Worker:
        if self._worker is None:
            self._worker = self._start()
        _ = self._worker.environment  # waits until it is ready: its start is on no case's clock
        return self._worker

    def _drop(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.kill()


def count(cases: Sequence[Case], desks: Sequence[Desk], ends: Callable[[], bool]) -> Generator[Event]:
    """'begin' and the answer of each case, in order, until ``ends``. The desks are closed in the end, whatever happens."""
    try:
        if len(desks) == 1:
            for case in cases:
                yield _begin(case)
                yield desks[0].account(case)
                if ends():
                    return
            return
        for case, answer in _at_once(cases, desks, ends):
            yield _begin(case)
            yield answer
            if ends():
                return
    finally:
        for desk in desks:
            desk.close()


def _begin(case: Case) -> Event:
    return {"event": "begin", "key": case.key, "case": case.to_json()}


def _at_once(
    cases: Sequence[Case], desks: Sequence[Desk], ends: Callable[[], bool]
) -> Iterator[tuple[Case, Event]]:
    """Each desk in a thread of its own takes the next case as soon as it is free; answers wait until their turn."""
    waiting: SimpleQueue[int] = SimpleQueue()
    told: SimpleQueue[tuple[int, Event] | Exception | None] = SimpleQueue()
    for number in range(len(cases)):
        waiting.put(number)

    def work(desk: Desk) -> None:
        try:
            while not (desk.closed or ends()):
                number = waiting.get_nowait()
                told.put((number, desk.account(cases[number])))
        except Empty:
            pass
        except Exception as problem:  # noqa: BLE001 # it is the main thread's to raise
            told.put(problem)
        finally:
            desk.close()
            told.put(None)

    threads = [Thread(target=work, args=(desk,), daemon=True) for desk in desks]
    for thread in threads:
        thread.start()
    answers: dict[int, Event] = {}
    at, working = 0, len(threads)
    try:
        while working:
            said = told.get()
            if said is None:
                working -= 1
            elif isinstance(said, Exception):
                raise said
            else:
                answers[said[0]] = said[1]
            while at in answers:
                yield cases[at], answers.pop(at)
                at += 1
    finally:
        for desk in desks:  # a thread that waits for an answer is told so
            desk.close()
        for thread in threads:
            thread.join()

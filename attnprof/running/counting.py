"""Counts of all cells, before anything is measured: by several workers at once, where that saves time.

Nothing is timed here, so that workers may compete for the cores. Our own count takes a millisecond; the other
counters, which compute for real, are worth sharing out.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from queue import SimpleQueue

from attnprof.records.case import Case
from attnprof.records.environment import cores
from attnprof.records.record import AccountEvent
from attnprof.running.client import WorkerGone, WorkerSlot
from attnprof.running.protocol import AccountRequest, BeginEvent, Failure

CELLS_PER_WORKER = 40  # fewer take a worker no longer than its start
MOST_WORKERS = 4  # each holds a torch of its own in memory
AHEAD = 16  # cases per worker, of several: a case that takes long holds up the order, and not the others

Response = AccountEvent | Failure


def workers_for(cells: int, counters: bool) -> int:
    """How many workers count so many cells soonest. counters: whether other counters run, too."""
    return max(1, min(cores(), MOST_WORKERS, cells // CELLS_PER_WORKER)) if counters else 1


def count(
    cases: Sequence[Case],
    slots: Sequence[WorkerSlot],
    metrics: Sequence[str],
    timeout: float | None,
    ended: Callable[[], bool],
) -> Generator[BeginEvent | Response]:
    """A BeginEvent and the response for each case, in order, until ``ended``. The slots are closed in the
    end.

    timeout: seconds that a response may take, None without a limit.
    """
    requests = [AccountRequest(case, tuple(metrics)) for case in cases]
    if len(slots) == 1:
        responses = (_respond(slots[0], request, timeout) for request in requests)
    else:
        responses = _at_once(requests, slots, timeout)
    try:
        for case in cases:
            if ended():
                return
            yield BeginEvent(case)
            yield next(responses)
    finally:
        for slot in slots:  # ends the waiting of a thread
            slot.close()
        responses.close()


def _at_once(
    requests: Iterable[AccountRequest], slots: Sequence[WorkerSlot], timeout: float | None
) -> Generator[Response]:
    """Each worker takes the next request as soon as it is free; responses wait until their turn."""
    free: SimpleQueue[WorkerSlot] = SimpleQueue()
    for slot in slots:
        free.put(slot)

    def respond(request: AccountRequest) -> Response:
        slot = free.get()
        try:
            return _respond(slot, request, timeout)
        finally:
            free.put(slot)

    executor = ThreadPoolExecutor(len(slots))
    upcoming = iter(requests)
    pending: deque[Future[Response]] = deque()
    try:
        while True:
            for request in islice(upcoming, AHEAD * len(slots) - len(pending)):
                pending.append(executor.submit(respond, request))
            if not pending:
                return
            yield pending.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)


def _respond(slot: WorkerSlot, request: AccountRequest, timeout: float | None) -> Response:
    """The response to ``request``. A case that ends its worker is tried once more, without the other
    counters."""
    response = _ask(slot, request, timeout)
    if slot.closed or isinstance(response, AccountEvent) or response.status in ("failed", "skipped"):
        return response
    slot.stop()
    return _ask(slot, AccountRequest(request.case, request.metrics, counters=False), timeout)


def _ask(slot: WorkerSlot, request: AccountRequest, timeout: float | None) -> Response:
    try:
        worker = slot.ready()
        worker.send(request)
        response = worker.receive(timeout)
    except WorkerGone as gone:
        slot.stop()
        return Failure(request.case.key, gone.status, str(gone))
    assert isinstance(response, AccountEvent | Failure)
    return response

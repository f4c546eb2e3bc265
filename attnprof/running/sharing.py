"""Requests about cases that several workers share out, while nothing is timed: answered in order."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from queue import SimpleQueue
from typing import TypeVar

from attnprof.records.environment import cores
from attnprof.records.record import SPOILING
from attnprof.running.client import WorkerGone, WorkerSlot
from attnprof.running.protocol import AccountRequest, BeginEvent, ExportRequest, Failure, Response

MOST_WORKERS = 4  # each holds a torch of its own in memory
AHEAD = 16  # cases per worker, of several: a case that takes long holds up the order, and not the others

Asked = TypeVar("Asked", AccountRequest, ExportRequest)
Answer = TypeVar("Answer")


def workers_for(cells: int, cells_per_worker: int) -> int:
    """How many workers are soonest finished with so many cells."""
    return max(1, min(cores(), MOST_WORKERS, cells // cells_per_worker))


def shared_out(
    requests: Sequence[Asked],
    slots: Sequence[WorkerSlot],
    respond: Callable[[WorkerSlot, Asked], Answer],
    ended: Callable[[], bool],
) -> Generator[BeginEvent | Answer]:
    """A BeginEvent and what ``respond`` returns for each request, in order, until ``ended``. Several slots
    are closed in the end; a single one stays as it is."""
    if len(slots) == 1:
        responses = (respond(slots[0], request) for request in requests)
    else:
        responses = _at_once(requests, slots, respond)
    try:
        for request in requests:
            if ended():
                return
            yield BeginEvent(request.case)
            yield next(responses)
    finally:
        if len(slots) > 1:  # ends the waiting of their threads
            for slot in slots:
                slot.close()
        responses.close()


def answer(slot: WorkerSlot, request: AccountRequest | ExportRequest, timeout: float | None) -> Response:
    """The response to ``request``; a Failure where the worker exits, or takes longer than ``timeout``
    seconds. A worker that is gone, or spoilt, is stopped."""
    try:
        worker = slot.ready()
        worker.send(request)
        response = worker.receive(timeout)
    except WorkerGone as gone:
        slot.stop()
        return Failure(request.case.key, gone.status, str(gone))
    if not SPOILING.isdisjoint(getattr(response, "flags", ())):
        slot.stop()
    return response


def _at_once(
    requests: Iterable[Asked],
    slots: Sequence[WorkerSlot],
    respond: Callable[[WorkerSlot, Asked], Answer],
) -> Generator[Answer]:
    """Each worker takes the next request as soon as it is free; responses wait until their turn."""
    free: SimpleQueue[WorkerSlot] = SimpleQueue()
    for slot in slots:
        free.put(slot)

    def take(request: Asked) -> Answer:
        slot = free.get()
        try:
            return respond(slot, request)
        finally:
            free.put(slot)

    executor = ThreadPoolExecutor(len(slots))
    upcoming = iter(requests)
    pending: deque[Future[Answer]] = deque()
    try:
        while True:
            for request in islice(upcoming, AHEAD * len(slots) - len(pending)):
                pending.append(executor.submit(take, request))
            if not pending:
                return
            yield pending.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)

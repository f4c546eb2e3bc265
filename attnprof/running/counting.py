"""Counts of all cells: our own before anything is measured, those of the other counters at the end.

Our own count takes a millisecond. The other counters take many times as long, and some compute for real:
several workers share them out, since nothing is timed meanwhile.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import partial
from itertools import islice
from math import inf
from queue import SimpleQueue

import msgspec

from attnprof.records.case import Case
from attnprof.records.environment import cores
from attnprof.records.record import SPOILING, AccountEvent
from attnprof.running.client import WorkerGone, WorkerSlot
from attnprof.running.protocol import AccountRequest, BeginEvent, Failure

CELLS_PER_WORKER = 40  # fewer take a worker no longer than its start
MOST_WORKERS = 4  # each holds a torch of its own in memory
AHEAD = 16  # cases per worker, of several: a case that takes long holds up the order, and not the others

LATER = "the other counters run at the end, and the run did not come to it"
LOST = "the worker was lost while the counters ran; not asked again"
NO_TIME = "the time for other counters, a tenth of the run's, ended before its turn"

Response = AccountEvent | Failure
Respond = Callable[[WorkerSlot, AccountRequest], Response]


def workers_for(cells: int, counters: bool) -> int:
    """How many workers count so many cells soonest. counters: whether other counters run, too."""
    return max(1, min(cores(), MOST_WORKERS, cells // CELLS_PER_WORKER)) if counters else 1


def count(
    cases: Sequence[Case],
    slots: Sequence[WorkerSlot],
    metrics: Sequence[str],
    timeout: float | None,
    ended: Callable[[], bool],
    no_counters: str = "",
) -> Generator[BeginEvent | Response]:
    """A BeginEvent and the response for each case, in order, until ``ended``. Several slots are closed in the
    end; a single one stays as it is.

    timeout: seconds that a response may take, None without a limit. no_counters: why the other counters do
    not run, where they do not.
    """
    requests = [AccountRequest(case, tuple(metrics), no_counters) for case in cases]
    yield from _in_order(requests, slots, partial(_respond, timeout=timeout), ended)


def count_with_others(
    accounts: Sequence[AccountEvent],
    slots: Sequence[WorkerSlot],
    metrics: Sequence[str],
    seconds_left: Callable[[], float],
) -> Generator[BeginEvent | AccountEvent]:
    """Each of ``accounts``, in order, after a BeginEvent: completed by the other counters, or saying why not,
    where they cost the worker or no seconds are left. Several slots are closed in the end."""
    requests = [AccountRequest(account.case, tuple(metrics)) for account in accounts]
    waiting = {account.key: account for account in accounts}
    respond = partial(_respond_in_time, seconds_left=seconds_left)
    with closing(_in_order(requests, slots, respond, lambda: seconds_left() <= 0)) as responses:
        for response in responses:
            if isinstance(response, BeginEvent):
                yield response
                continue
            account = waiting.pop(response.key)
            if isinstance(response, Failure):
                yield _without_counters(account, NO_TIME if seconds_left() <= 0 else LOST)
            else:
                yield response
    for account in waiting.values():
        yield _without_counters(account, NO_TIME)


def _without_counters(account: AccountEvent, reason: str) -> AccountEvent:
    """``account``, which says of every counter that has not answered why."""
    return msgspec.structs.replace(
        account,
        measurements=tuple(
            msgspec.structs.replace(each, note=reason) if each.note == LATER else each
            for each in account.measurements
        ),
    )


def _in_order(
    requests: Sequence[AccountRequest],
    slots: Sequence[WorkerSlot],
    respond: Respond,
    ended: Callable[[], bool],
) -> Generator[BeginEvent | Response]:
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


def _at_once(
    requests: Iterable[AccountRequest], slots: Sequence[WorkerSlot], respond: Respond
) -> Generator[Response]:
    """Each worker takes the next request as soon as it is free; responses wait until their turn."""
    free: SimpleQueue[WorkerSlot] = SimpleQueue()
    for slot in slots:
        free.put(slot)

    def take(request: AccountRequest) -> Response:
        slot = free.get()
        try:
            return respond(slot, request)
        finally:
            free.put(slot)

    executor = ThreadPoolExecutor(len(slots))
    upcoming = iter(requests)
    pending: deque[Future[Response]] = deque()
    try:
        while True:
            for request in islice(upcoming, AHEAD * len(slots) - len(pending)):
                pending.append(executor.submit(take, request))
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
    return _ask(slot, AccountRequest(request.case, request.metrics, LOST), timeout)


def _respond_in_time(
    slot: WorkerSlot, request: AccountRequest, seconds_left: Callable[[], float]
) -> Response:
    seconds = seconds_left()
    if seconds <= 0:
        return Failure(request.case.key, "timeout", NO_TIME)
    return _ask(slot, request, None if seconds == inf else seconds)


def _ask(slot: WorkerSlot, request: AccountRequest, timeout: float | None) -> Response:
    try:
        worker = slot.ready()
        worker.send(request)
        response = worker.receive(timeout)
    except WorkerGone as gone:
        slot.stop()
        return Failure(request.case.key, gone.status, str(gone))
    assert isinstance(response, AccountEvent | Failure)
    if not SPOILING.isdisjoint(response.flags):
        slot.stop()
    return response

"""Counts of all cells: our own before anything is measured, those of the other counters at the end.

Our own count takes a millisecond or two: its request is sent before the one in front is answered, and of
thousands several workers take parcels. The other counters take many times as long, and some compute for real:
several workers share them out one by one, since nothing is timed meanwhile.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from math import inf

import msgspec

from attnprof.records.case import Case
from attnprof.records.record import AccountEvent
from attnprof.running import protocol
from attnprof.running.client import WorkerSlot
from attnprof.running.protocol import AccountRequest, BeginEvent, Failure
from attnprof.running.sharing import Pipeline, answer, one_by_one, shared_out, workers_for

# Fewer cells take a worker no longer than its start: with the other counters, and without them.
CELLS_PER_WORKER = 40
PLAIN_CELLS_PER_WORKER = 600
PARCEL = 32  # plain cells that one of several workers gets at once
UNDER_WAY = 8  # requests that a worker has at once, where other counters do not run

LATER = "the other counters run at the end, and the run did not come to it"
LOST = "the worker was lost while the counters ran; not asked again"
NO_TIME = "the time for other counters, a tenth of the run's, ended before its turn"

Response = AccountEvent | Failure


def counting_workers(cells: int, counters: bool) -> int:
    """How many workers count so many cells soonest. counters: whether other counters run, too."""
    return workers_for(cells, CELLS_PER_WORKER if counters else PLAIN_CELLS_PER_WORKER)


def count(
    cases: Sequence[Case],
    slots: Sequence[WorkerSlot],
    metrics: Sequence[str],
    timeout: float | None,
    ended: Callable[[], bool],
    no_counters: str = "",
    is_plain: bool = False,
) -> Generator[BeginEvent | Response]:
    """A BeginEvent and the response for each case, in order, until ``ended``. Several slots are closed in the
    end; a single one stays as it is.

    timeout: seconds that a response may take, None without a limit. no_counters: why the other counters do
    not run, where they do not. is_plain: whether no other counter runs, so that each count is short.
    """
    requests = [AccountRequest(case, tuple(metrics), no_counters) for case in cases]
    under_way, parcel = (UNDER_WAY, PARCEL) if is_plain else (1, 1)
    respond = partial(_responses, timeout=timeout, under_way=under_way)
    yield from shared_out(requests, slots, respond, ended, parcel)


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
    respond = one_by_one(partial(_respond_in_time, seconds_left=seconds_left))
    with closing(shared_out(requests, slots, respond, lambda: seconds_left() <= 0)) as responses:
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


def _responses(
    slot: WorkerSlot, requests: Iterable[AccountRequest], timeout: float | None, under_way: int
) -> Generator[Response]:
    """The response to each of ``requests``, so many of which the worker has at once. A case that ends its
    worker is tried once more, without the other counters."""
    upcoming = iter(requests)
    with closing(Pipeline[AccountRequest](slot)) as pipeline:
        while True:
            for request in islice(upcoming, under_way - len(pipeline)):
                pipeline.put(request)
            if not pipeline:
                return
            request = pipeline.first
            response = _checked(pipeline.response(timeout))
            if _has_lost_its_worker(response) and not slot.closed:
                pipeline.put_first(AccountRequest(request.case, request.metrics, LOST))
                response = _checked(pipeline.response(timeout))
            yield response


def _has_lost_its_worker(response: Response) -> bool:
    return isinstance(response, Failure) and response.status not in ("failed", "skipped")


def _respond_in_time(
    slot: WorkerSlot, request: AccountRequest, seconds_left: Callable[[], float]
) -> Response:
    seconds = seconds_left()
    if seconds <= 0:
        return Failure(request.case.key, "timeout", NO_TIME)
    return _counted(slot, request, None if seconds == inf else seconds)


def _counted(slot: WorkerSlot, request: AccountRequest, timeout: float | None) -> Response:
    return _checked(answer(slot, request, timeout))


def _checked(response: protocol.Response) -> Response:
    assert isinstance(response, AccountEvent | Failure)
    return response

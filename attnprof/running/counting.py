"""Counts of all cells: our own before anything is measured, those of the other counters at the end.

Our own count takes a millisecond. The other counters take many times as long, and some compute for real:
several workers share them out, since nothing is timed meanwhile.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from functools import partial
from math import inf

import msgspec

from attnprof.records.case import Case
from attnprof.records.record import AccountEvent
from attnprof.running.client import WorkerSlot
from attnprof.running.protocol import AccountRequest, BeginEvent, Failure
from attnprof.running.sharing import answer, shared_out, workers_for

CELLS_PER_WORKER = 40  # fewer take a worker no longer than its start

LATER = "the other counters run at the end, and the run did not come to it"
LOST = "the worker was lost while the counters ran; not asked again"
NO_TIME = "the time for other counters, a tenth of the run's, ended before its turn"

Response = AccountEvent | Failure


def counting_workers(cells: int, counters: bool) -> int:
    """How many workers count so many cells soonest. counters: whether other counters run, too."""
    return workers_for(cells, CELLS_PER_WORKER) if counters else 1


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
    yield from shared_out(requests, slots, partial(_respond, timeout=timeout), ended)


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


def _respond(slot: WorkerSlot, request: AccountRequest, timeout: float | None) -> Response:
    """The response to ``request``. A case that ends its worker is tried once more, without the other
    counters."""
    response = _counted(slot, request, timeout)
    if slot.closed or isinstance(response, AccountEvent) or response.status in ("failed", "skipped"):
        return response
    slot.stop()
    return _counted(slot, AccountRequest(request.case, request.metrics, LOST), timeout)


def _respond_in_time(
    slot: WorkerSlot, request: AccountRequest, seconds_left: Callable[[], float]
) -> Response:
    seconds = seconds_left()
    if seconds <= 0:
        return Failure(request.case.key, "timeout", NO_TIME)
    return _counted(slot, request, None if seconds == inf else seconds)


def _counted(slot: WorkerSlot, request: AccountRequest, timeout: float | None) -> Response:
    response = answer(slot, request, timeout)
    assert isinstance(response, AccountEvent | Failure)
    return response
